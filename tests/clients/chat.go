// chat.go [PROXY_URL]: chats over Go's net/http, as it comes.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

const request = `"model":"gpt-5","messages":[{"role":"user","content":"How many people live here?"}]`

func chat(url, scenario, body string) error {
	session := "go-http-" + scenario
	asked, err := http.NewRequest("POST", url, strings.NewReader("{"+body+"}"))
	if err != nil {
		return err
	}
	asked.Header.Set("Content-Type", "application/json")
	asked.Header.Set("Authorization", "Bearer sk-test")
	asked.Header.Set("X-Tokometer-Session", session)
	asked.Header.Set("X-Scenario", scenario)
	answer, err := http.DefaultClient.Do(asked)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	chunks := []string{}
	for _, line := range strings.Split(string(content), "\n") {
		if strings.Contains(line, "{") {
			chunks = append(chunks, strings.TrimPrefix(line, "data: "))
		}
	}
	said := `{"session":%q,"version":%q,"status":%d,"chunks":[%s]}` + "\n"
	fmt.Printf(said, session, answer.Proto, answer.StatusCode, strings.Join(chunks, ","))
	return nil
}

func main() {
	url := "https://api.openai.com/v1"
	if len(os.Args) > 1 {
		url = os.Args[1] + "/openai/v1"
	}
	bodies := [][2]string{
		{"plain", request},
		{"stream", request + `,"stream":true,"stream_options":{"include_usage":true}`},
		{"error_429", request},
	}
	for _, call := range bodies {
		if err := chat(url+"/chat/completions", call[0], call[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
