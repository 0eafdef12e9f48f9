// Chat.java [PROXY_URL]: chats over Java's HttpClient, as it comes.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.stream.Collectors;

public class Chat {
  static final String REQUEST =
      "\"model\":\"gpt-5\",\"messages\":[{\"role\":\"user\",\"content\":\"How many people live here?\"}]";
  static final HttpClient CLIENT = HttpClient.newHttpClient();

  static void chat(String url, String scenario, String body) throws Exception {
    String session = "java-http-" + scenario;
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url))
            .header("Content-Type", "application/json")
            .header("Authorization", "Bearer sk-test")
            .header("X-Tokometer-Session", session)
            .header("X-Scenario", scenario)
            .POST(HttpRequest.BodyPublishers.ofString("{" + body + "}"))
            .build();
    HttpResponse<String> answer = CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
    String chunks =
        answer.body().lines().filter(line -> line.contains("{"))
            .map(line -> line.startsWith("data: ") ? line.substring(6) : line)
            .collect(Collectors.joining(","));
    System.out.printf(
        "{\"session\":\"%s\",\"version\":\"%s\",\"status\":%d,\"chunks\":[%s]}%n",
        session, answer.version().name().replace('_', '/'), answer.statusCode(), chunks);
  }

  public static void main(String[] args) throws Exception {
    String url = (args.length > 0 ? args[0] + "/openai/v1" : "https://api.openai.com/v1") + "/chat/completions";
    chat(url, "plain", REQUEST);
    chat(url, "stream", REQUEST + ",\"stream\":true,\"stream_options\":{\"include_usage\":true}");
    chat(url, "error_429", REQUEST);
  }
}
