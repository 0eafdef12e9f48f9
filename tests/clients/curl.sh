#!/bin/sh
# curl.sh [PROXY_URL]: chats over curl.
url=${1:+$1/openai/v1}
url=${url:-https://api.openai.com/v1}/chat/completions
request='"model":"gpt-5","messages":[{"role":"user","content":"How many people live here?"}]'

# chat SCENARIO BODY
chat() {
  answer=$(curl -sS --max-time 20 -w '\n%{http_code},"version":"HTTP/%{http_version}"' "$url" \
    -H 'Content-Type: application/json' -H 'Authorization: Bearer sk-test' \
    -H "X-Tokometer-Session: sh-curl-$1" -H "X-Scenario: $1" -d "{$2}") || return
  chunks=$(echo "$answer" | sed -n 's/^data: //; /{/p' | paste -s -d ,)
  echo "{\"session\":\"sh-curl-$1\",\"status\":$(echo "$answer" | tail -n 1),\"chunks\":[$chunks]}"
}

chat plain "$request"
chat stream "$request,\"stream\":true,\"stream_options\":{\"include_usage\":true}"
chat error_429 "$request"
