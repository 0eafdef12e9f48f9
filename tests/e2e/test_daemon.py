"""`tokometer up`, `down`, `restart`, `status`, `logs`, `service`, `ca` and `doctor`, as a user types them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from origin import Exchange, Origin
from proxy import BINARY
from runner import skip, test, until
from test_lifecycle import BODY, TARGET, paused_stream, read_rest
from test_shells import Home
from wire import Connection, head, request


def findings(home: Home, code: int, **variables: str) -> dict[str, dict]:
    """What the doctor says, by name."""
    done = subprocess.run(
        [str(BINARY), "doctor", "--json"], capture_output=True, text=True, env=home.environment | variables, timeout=30
    )
    assert done.returncode == code, done
    report = json.loads(done.stdout)
    assert report["ok"] == (code == 0)
    return {check["name"]: check for check in report["checks"]}


@test
def up_and_down_are_idempotent_and_say_what_is(folder: Path) -> None:
    with Home(folder) as home:
        assert "not running" in home.run("status", code=3)
        assert "no proxy runs" in home.run("down")
        url = home.up()
        assert url.removeprefix("http://") in home.run("up")
        status = json.loads(home.run("status", "--json"))
        assert status["running"] and status["listening"] == [url.removeprefix("http://")]
        assert status["run_by"] == "background" and status["health"] == "ok" and status["calls_today"] == 0
        assert status["memory_bytes"] > 1 << 20 and status["store_bytes"] > 0
        assert "in the background" in home.run("status")
        before = status["pid"]
        assert url.removeprefix("http://127.0.0.1:") not in home.run("restart"), "port 0 is chosen anew"
        status = json.loads(home.run("status", "--json"))
        assert status["pid"] != before, "the same process"
        log = home.run("logs", "-n", "1")
        assert log.count("\n") == 1 and f"process {status['pid']} listens on" in log, log
        assert "has ended" in home.run("down")
        log = home.run("logs", "-n", "100")
        assert log.count("listens on") == 2, log
        data = folder / ".local/share/tokometer"
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        assert not (data / "serving").exists()


@test
def restart_keeps_its_options_wherever_its_data_is(folder: Path) -> None:
    with Home(folder) as home:
        place = ("--data-dir", str(folder / "elsewhere"))
        home.run("up", *place, "--listen", "127.0.0.1:0", "--workers", "1")
        try:
            assert "other options" not in home.run("up", *place)
            home.run("restart", *place)
            (address,) = json.loads(home.run("status", "--json", *place))["listening"]
            assert not address.endswith(":4141"), "its --listen is forgotten"
        finally:
            home.run("down", *place)


@test
def what_keeps_it_from_starting_is_said(folder: Path) -> None:
    with Home(folder) as home, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = home.run("up", "--listen", f"127.0.0.1:{taken.getsockname()[1]}", code=1)
        assert "address already in use" in said and "did not start" in said, said
        assert "no address" in home.run("up", "--listen", "nowhere", code=2)
        (folder / ".config/tokometer").mkdir(parents=True)
        (folder / ".config/tokometer/config.yaml").write_text("lissten: x\n")
        assert "did you mean" in home.run("up", code=1)
        (folder / ".config/tokometer/config.yaml").unlink()


@test
def it_stays_when_its_terminal_goes_and_has_none(folder: Path) -> None:
    with Home(folder) as home:
        script = f"'{BINARY}' up --listen 127.0.0.1:0 >/dev/null"
        shell = subprocess.Popen(["/bin/sh", "-c", script], env=home.environment, start_new_session=True)
        assert shell.wait(30) == 0
        with contextlib.suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGHUP)
        pid = json.loads(home.run("status", "--json"))["pid"]
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
        assert fields[3] != str(shell.pid) and fields[4] == "0", "its session, and that it has no terminal"
        descriptors = {os.readlink(f"/proc/{pid}/fd/{number}") for number in (0, 1, 2)}
        assert descriptors == {"/dev/null", str(folder / ".local/share/tokometer/logs/tokometer.log")}


@test
def down_waits_for_running_calls_unless_told(folder: Path) -> None:
    go_on = threading.Event()
    with Origin(paused_stream(go_on)) as origin, Home(folder) as home:
        home.run("up", "--listen", "127.0.0.1:0", "--origin", f"openai={origin.url}")
        port = int(home.status()["listening"][0].rsplit(":", 1)[1])
        with Connection.open(port) as client:
            client.send(request("POST", TARGET, BODY))
            client.read_head()
            client.read_chunk()
            down = subprocess.Popen([str(BINARY), "down"], env=home.environment, stdout=subprocess.PIPE, text=True)
            deadline = time.monotonic() + 10
            while not home.status()["draining"]:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            assert home.status()["open_calls"] == 1
            assert "1 call still open" in home.run("status")
            assert down.poll() is None
            go_on.set()
            assert b"[DONE]" in read_rest(client)
        assert "has ended" in down.communicate(timeout=20)[0]
        assert json.loads(home.run("status", "--json", code=3))["calls_today"] == 1
    with Origin(paused_stream(threading.Event())) as origin, Home(folder) as home:
        home.run("up", "--listen", "127.0.0.1:0", "--origin", f"openai={origin.url}")
        port = int(home.status()["listening"][0].rsplit(":", 1)[1])
        with Connection.open(port) as client:
            client.send(request("POST", TARGET, BODY))
            client.read_head()
            assert "has ended" in home.run("down", "--now")


@test
def down_waits_for_tunnels_that_may_await_an_answer_only(folder: Path) -> None:
    def accept(exchange: Exchange) -> None:
        exchange.send(head("HTTP/1.1 101 Switching Protocols", [("Upgrade", "websocket"), ("Connection", "Upgrade")]))
        exchange.connection.fill()

    with Origin(accept) as origin, socket.create_server(("127.0.0.1", 0)) as other, Home(folder) as home:
        home.run("up", "--listen", "127.0.0.1:0", "--origin", f"openai={origin.url}", "--timeouts-drain", "10m")
        port = int(home.status()["listening"][0].rsplit(":", 1)[1])
        with Connection.open(port, 30) as tunnel, Connection.open(port, 30) as websocket, ThreadPoolExecutor() as pool:
            tunnel.send(f"CONNECT 127.0.0.1:{other.getsockname()[1]} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert tunnel.read_head().status == 200
            peer, _ = other.accept()
            with peer:
                # As TLS 1.3 does: what the origin says last is no answer.
                tunnel.send(b"question")
                peer.sendall(b"ticket")
                assert tunnel.fill()
                websocket.send(head("GET /openai/v1/realtime HTTP/1.1", [("Host", "x"), ("Upgrade", "websocket"), ("Connection", "Upgrade")]))
                assert websocket.read_head().status == 101
                down = pool.submit(home.run, "down")
                assert not websocket.fill(), "nobody waits for it"
                tunnel.sock.settimeout(3)
                try:
                    assert tunnel.fill() and False, "the tunnel has ended"
                except TimeoutError:
                    tunnel.sock.settimeout(30)
                peer.sendall(b"answer")
                assert tunnel.fill() and tunnel.buffer.endswith(b"answer")
                tunnel.close()
            assert "has ended" in down.result(30)


@test
def logs_are_followed(folder: Path) -> None:
    with Home(folder) as home:
        home.up()
        command = [str(BINARY), "logs", "-f", "-n", "1"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=home.environment) as follower:
            timer = threading.Timer(20, follower.kill)
            timer.start()
            assert follower.stdout
            assert "listens on" in follower.stdout.readline()
            home.run("reload")
            assert "settings applied" in follower.stdout.readline()
            # A rotation is followed, too.
            log = folder / ".local/share/tokometer/logs/tokometer.log"
            log.rename(log.with_name("tokometer.log.1"))
            log.write_text("of the new file\n")
            assert follower.stdout.readline() == "of the new file\n"
            timer.cancel()
            follower.terminate()


@test
def the_page_opens_in_the_browser(folder: Path) -> None:
    shown = folder / "shown"
    browser = folder / "browser"
    browser.write_text(f"#!/bin/sh\necho noise; echo noise >&2\necho \"$*\" >'{shown}.new'; mv '{shown}.new' '{shown}'\n")
    browser.chmod(0o755)
    with Home(folder) as home:
        assert "`tokometer up`" in home.run("open", code=1)
        page = home.up() + "/-/"
        home.environment["BROWSER"] = f"/nowhere/browser:{browser} --new %s"
        assert home.run("open", "--print") == f"{page}\n"
        assert not shown.exists()
        assert home.run("open") == f"{page}\n", "the browser's noise is shown"
        until(shown.exists, "the browser was not started")
        assert shown.read_text() == f"--new {page}\n"


def program(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f'#!/bin/sh\necho "{name} $*" >>"{folder}/calls"\n{script}\n')
    file.chmod(0o755)


@test
def a_service_is_enabled_used_and_disabled(folder: Path) -> None:
    """systemctl is a stand-in that starts what the unit says."""
    tools = folder / "tools"
    tools.mkdir()
    wants = folder / ".config/systemd/user/default.target.wants/tokometer.service"
    unit = folder / ".config/systemd/user/tokometer.service"
    # Without the caller's pipes, which it would wait for.
    quietly = "exec </dev/null >/dev/null 2>&1"
    started = f"({quietly}; eval exec setsid $(sed -n 's/^ExecStart=//p' '{unit}') --listen=127.0.0.1:0) &"
    program(
        tools,
        "systemctl",
        f"""shift
[ "$1" = --no-block ] && shift
case $1 in
  show)
    [ -e '{unit}' ] && echo FragmentPath='{unit}'
    [ -e '{wants}' ] && echo UnitFileState=enabled && echo ActiveState=active
    true ;;
  enable) mkdir -p '{wants.parent}'; ln -s '{unit}' '{wants}'; {started} ;;
  start) {started} ;;
  stop) kill $(cat '{folder}/.local/share/tokometer/tokometer.pid'); true ;;
  disable) rm '{wants}'; kill $(cat '{folder}/.local/share/tokometer/tokometer.pid'); true ;;
esac""",
    )
    program(tools, "loginctl", "echo no")
    with Home(folder) as home:
        home.environment["PATH"] = f"{tools}:{home.environment['PATH']}"
        home.environment["USER"] = "somebody"
        home.up()
        said = home.run("service", "enable")
        assert "has made room" in said and "serves on" in said and "enable-linger" in said, said
        assert f'ExecStart="{BINARY}" proxy --quiet --run-by systemd' in unit.read_text()
        assert "as a service of systemd" in home.run("status")
        assert "enabled, running" in home.run("service", "status")
        assert "takes its settings from the file" in home.run("restart", "--workers", "1", code=2)
        home.run("restart")
        home.run("down")
        assert "--user --no-block stop tokometer.service" in (tools / "calls").read_text()
        assert "as a service" in home.run("up")
        home.run("service", "disable")
        assert not unit.exists() and not wants.exists()
        assert "no service was enabled" in home.run("service", "disable")


@test
def launchd_is_told_on_machines_that_have_it(folder: Path) -> None:
    tools = folder / "tools"
    tools.mkdir()
    program(tools, "launchctl", f"[ $1 = bootstrap ] && setsid '{BINARY}' proxy --quiet --run-by launchd "
            "--listen=127.0.0.1:0 >/dev/null 2>&1 </dev/null &\ntrue")
    with Home(folder) as home:
        home.environment["PATH"] = str(tools) + ":/none"
        # Nothing but launchctl is there, and what the stand-in needs.
        for name in ("setsid", "sh"):
            (tools / name).symlink_to(shutil.which(name) or name)
        home.run("service", "enable")
        plist = folder / "Library/LaunchAgents/tokometer.plist"
        assert f"<string>{BINARY}</string>" in plist.read_text()
        assert "as a service of launchd" in home.run("status")
        home.run("service", "disable")
        assert not plist.exists()


@test
def without_a_manager_the_service_says_what_to_do(folder: Path) -> None:
    with Home(folder) as home:
        home.environment["PATH"] = str(folder)
        assert "tokometer up" in home.run("service", "enable", code=1)
        assert "no service" in home.run("service", "status", code=3)


@test
def a_new_authority_is_good_for_what_the_proxy_was_told_to_intercept(folder: Path) -> None:
    with Home(folder) as home:
        home.run("ca", "show")
        home.up("--intercept", "told.example")
        permitted = lambda: json.loads(home.run("ca", "show", "--json"))["permitted"]  # noqa: E731
        assert "told.example" not in permitted()
        home.run("ca", "rotate", "--intercept", "asked.example")
        assert {"told.example", "asked.example", "api.openai.com"} <= set(permitted())


@test
def the_certificate_authority_is_shown_exported_and_rotated(folder: Path) -> None:
    with Home(folder) as home:
        first = json.loads(home.run("ca", "show", "--json"))
        assert first["name"].startswith("Tokometer CA ") and "openai.com" in " ".join(first["permitted"])
        home.run("ca", "export", "-o", str(folder / "out.pem"))
        assert (folder / "out.pem").read_text() == Path(first["certificate"]).read_text()
        assert stat.S_IMODE((Path(first["certificate"]).parent / "ca.key").stat().st_mode) == 0o600
        assert "BEGIN CERTIFICATE" in home.run("ca", "export") and "PRIVATE" not in home.run("ca", "export")
        home.up()
        home.run("ca", "rotate")
        second = json.loads(home.run("ca", "show", "--json"))
        assert second["name"] != first["name"]
        assert [one["name"] for one in second["earlier"]] == [first["name"]]
        assert first["name"] in home.run("ca", "show")


@test
def browsers_trust_it_and_no_longer(folder: Path) -> None:
    if not shutil.which("certutil"):
        skip("no certutil here")
    profile = folder / ".mozilla/firefox/x.default"
    profile.mkdir(parents=True)
    database = f"sql:{profile}"
    subprocess.run(["certutil", "-N", "-d", database, "--empty-password"], check=True)
    with Home(folder) as home:
        name = json.loads(home.run("ca", "show", "--json"))["name"]

        def trusted() -> bool:
            asked = subprocess.run(["certutil", "-L", "-d", database, "-n", name], capture_output=True)
            return asked.returncode == 0

        only = ["--only", "browsers"]
        dry = home.run("ca", "install", "--dry-run", *only)
        assert f"certutil -A -d {database}" in dry and not trusted(), dry
        assert "trusts it now" in home.run("ca", "install", *only) and trusted()
        assert "trusts it already" in home.run("ca", "install", *only)
        # An earlier one is taken out as well.
        home.run("ca", "rotate")
        assert f"no longer has {name}" in home.run("ca", "uninstall", *only) and not trusted()


@test
def the_systems_store_is_changed_by_root_only(folder: Path) -> None:
    if not Path("/usr/sbin/update-ca-certificates").exists():
        skip("not a Debian system")
    with Home(folder) as home:
        dry = home.run("ca", "install", "--dry-run", "--only", "system")
        certificate = json.loads(home.run("ca", "show", "--json"))["certificate"]
        assert f"sudo install -m 644 {certificate} /usr/local/share/ca-certificates/tokometer-" in dry, dry
        assert "sudo /usr/sbin/update-ca-certificates" in dry


# In a mount namespace of its own, where the machine's store is a copy.
PRIVATE_STORE = """
set -eu
for place in /etc/ssl /usr/local/share/ca-certificates; do
  copy="$1$place"; mkdir -p "$copy"; cp -a "$place/." "$copy"; mount --bind "$copy" "$place"
done
listed() { find /etc/ssl /usr/local/share/ca-certificates ! -path '*/java/*' ! -type d | sort; cksum /etc/ssl/certs/ca-certificates.crt; }
unset SSL_CERT_FILE SSL_CERT_DIR
update-ca-certificates --fresh >/dev/null 2>&1
listed >"$1/before"
"$2" ca install --only system
openssl verify "$3"
"$2" ca install --only system | grep 'trusts it already'
"$2" ca uninstall --only system
! openssl verify "$3" 2>/dev/null
listed | diff "$1/before" -
"""


@test
def the_systems_store_trusts_it_and_no_longer(folder: Path) -> None:
    if not Path("/usr/sbin/update-ca-certificates").exists():
        skip("not a Debian system")
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
        print("  (no mount namespaces here: only the dry run was looked at)")
        return
    with Home(folder) as home:
        certificate = json.loads(home.run("ca", "show", "--json"))["certificate"]
        command = ["unshare", "-m", "sh", "-c", PRIVATE_STORE, "sh", str(folder), str(BINARY), certificate]
        done = subprocess.run(command, capture_output=True, text=True, env=home.environment, timeout=120)
        assert done.returncode == 0, done
        assert "trusts it now" in done.stdout and "no longer has" in done.stdout, done


@test
def the_doctor_finds_what_is_broken_and_says_what_to_do(folder: Path) -> None:
    with Home(folder) as home:
        found = findings(home, 1)
        assert found["proxy"]["status"] == "fail" and found["proxy"]["remedy"] == "tokometer up"
        url = home.up()
        home.run("ca", "show")
        found = findings(home, 0)
        for name in ("proxy", "address", "version", "data folder", "store", "journal", "disk", "clock", "key"):
            assert found[name]["status"] == "ok", found[name]
        assert found["system"]["status"] == "warn" and "ca install" in found["system"]["remedy"]
        # Variables that lead to us, past us, nowhere.
        found = findings(home, 0, HTTPS_PROXY=url, NO_PROXY="localhost,127.0.0.1,::1,intra.example, .openai.com")
        assert "leads to us" in found["proxy variables"]["says"]
        assert found["NO_PROXY"]["status"] == "warn" and found["NO_PROXY"]["says"].endswith("us: openai.com")
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))  # without listening: whoever connects is refused
            dead = f"http://user:hidden@localhost:{bound.getsockname()[1]}"
            found = findings(home, 1, HTTPS_PROXY=dead, https_proxy=dead, OPENAI_BASE_URL=f"{dead}/openai/v1")
            assert found["proxy variables"]["status"] == "fail"
            assert "unset HTTPS_PROXY https_proxy" in found["proxy variables"]["remedy"]
            assert found["OPENAI_BASE_URL"]["status"] == "fail"
            assert "hidden" not in json.dumps(found)
        # Trust by variables.
        certificate = json.loads(home.run("ca", "show", "--json"))["certificate"]
        found = findings(home, 0, NODE_EXTRA_CA_CERTS=certificate, CURL_CA_BUNDLE=certificate, SSL_CERT_FILE=certificate)
        assert found["Node"]["status"] == found["curl"]["status"] == found["Python"]["status"] == "ok", found
        # Programs that do not are one line for people.
        (trust,) = [line for line in home.run("doctor").splitlines() if "do not trust our certificates" in line]
        assert trust.startswith("warn  trust ") and "system" in trust and "curl" in trust, trust
        # Files that are not as they should be.
        Path(certificate).write_text("junk")
        found = findings(home, 1)["certificate file"]
        assert found["status"] == "fail" and "ca show" in found["remedy"], found
        Path(certificate).unlink()
        home.run("ca", "show")
        assert findings(home, 0)["certificate file"]["status"] == "ok"
        data = folder / ".local/share/tokometer"
        (data / "ca/ca.key").chmod(0o644)
        data.chmod(0o755)
        found = findings(home, 1)
        assert found["key"]["status"] == "fail" and "chmod 600" in found["key"]["remedy"]
        assert found["data folder"]["status"] == "warn"
        home.run("down")
        (data / "ca/ca.key").write_text("garbage")
        (data / "tokometer.db").write_bytes(b"no database at all" * 100)
        found = findings(home, 1)
        assert found["certificates"]["status"] == "fail" and "ca rotate" in found["certificates"]["remedy"]
        assert found["store"]["status"] == "fail"
        assert "FAIL" in home.run("doctor", code=1)
