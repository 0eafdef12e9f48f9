// env_proxy.mjs, by `node --import`: has Node's fetch heed HTTPS_PROXY where NODE_USE_ENV_PROXY does not (before 22.21 and 24.5).
import { EnvHttpProxyAgent, setGlobalDispatcher } from "undici";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 21) || major === 23 || (major === 24 && minor < 5)) {
  setGlobalDispatcher(new EnvHttpProxyAgent({ allowH2: true, requestTls: { allowH2: true } }));
}
