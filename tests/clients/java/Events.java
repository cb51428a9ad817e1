import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import example.groundwork.ApiClient;
import example.groundwork.ApiException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Posts requests whose response is a stream of server-sent events, each JSON on one line of data. */
final class Events {
    private static final String DATA = "data: ";

    private final HttpClient http;
    private final ObjectMapper json;
    private final Consumer<HttpRequest.Builder> interceptor;
    private final String url;

    Events(ApiClient client) {
        http = client.getHttpClient();
        json = client.getObjectMapper();
        interceptor = client.getRequestInterceptor();
        url = client.getBaseUri();
    }

    /** The events as they come; close the stream to stop them. */
    <T> Stream<T> post(String path, Object request, Class<T> type)
            throws ApiException, IOException, InterruptedException {
        var call = HttpRequest.newBuilder(URI.create(url + path))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(json.writeValueAsBytes(request)));
        interceptor.accept(call); // which has the key
        var response = http.send(call.build(), BodyHandlers.ofLines());
        if (response.statusCode() != 200) {
            var problem = response.body().collect(Collectors.joining());
            throw new ApiException(response.statusCode(), response.headers(), problem);
        }
        return response.body()
                .filter(line -> line.startsWith(DATA))
                .map(line -> read(line.substring(DATA.length()), type));
    }

    private <T> T read(String data, Class<T> type) {
        try {
            return json.readValue(data, type);
        } catch (JsonProcessingException error) {
            throw new UncheckedIOException(error);
        }
    }
}
