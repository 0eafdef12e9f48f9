#!/bin/sh
# java.sh FOLDER [PROXY_URL]: Chat.java, told nothing but its base URL. Without one it is given what Java asks for in the
# place of the variables that other programs read: the proxy's host and port, and a trust store. FOLDER is the test's.
here=$(dirname "$0")
authority=$1/data/ca/ca.pem
store=$1/trust.p12
shift
if [ $# -eq 0 ]; then
  keytool -importcert -noprompt -alias tokometer -file "$authority" -keystore "$store" -storepass changeit \
    2>/dev/null || exit
  place=${HTTPS_PROXY##*[/@]}
  set -- -Dhttps.proxyHost="${place%:*}" -Dhttps.proxyPort="${place##*:}" \
    -Djavax.net.ssl.trustStore="$store" -Djavax.net.ssl.trustStorePassword=changeit "$here/Chat.java"
else
  set -- "$here/Chat.java" "$1"
fi
exec java -XX:TieredStopAtLevel=1 -Xshare:auto "$@"
