package io.headrace.provider.http;

import io.headrace.Call;
import io.headrace.model.ChatCall;
import io.netty.handler.codec.http.HttpMethod;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

/**
 * One provider's API: makes its calls and owns what they share. Thread-safe. Holds connections unless a transport was
 * given to its builder; {@link #close} frees them.
 */
public final class JsonApi implements AutoCloseable {

    private static final Pattern PLAIN = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}");

    private final String name;
    private final String identity;
    private final BaseUrl baseUrl;
    private final HttpTransport transport;
    private final boolean ownsTransport;
    private final Map<String, String> headers;
    private final Credentials credentials;
    private final ErrorRules rules;
    private final Secret hidden;
    private final Clock clock;

    JsonApi(
            String name,
            BaseUrl baseUrl,
            ProviderBuilder<?> settings,
            Map<String, String> headers,
            Credentials credentials,
            ErrorRules rules,
            Secret hidden) {
        this.name = name;
        this.baseUrl = baseUrl;
        this.identity = settings.identity == null ? baseUrl.identity() : settings.identity;
        this.transport = settings.transport == null ? settings.ownTransport.build() : settings.transport;
        this.ownsTransport = settings.transport == null;
        this.headers = Map.copyOf(headers);
        this.credentials = credentials;
        this.rules = rules;
        this.hidden = hidden;
        this.clock = settings.clock;
    }

    /** The provider, as error messages name it. */
    public String name() {
        return name;
    }

    /** Whose answers these are, see {@link ChatCall#identity}. */
    public String identity() {
        return identity;
    }

    /**
     * A call to {@code path}.
     *
     * @param path below the base URL, with a slash at its start
     */
    public <Q, R> Call<Q, R> call(String path, JsonOperation<Q, R> operation) {
        return new JsonCall<>(endpoint(path), operation, rules, hidden, clock);
    }

    /**
     * Asks for what is at {@code path}, and joins what the operation reads with headers of the answer.
     *
     * @param id that is asked for, for error messages
     * @param join gets the values of headers by their names: such as may stand in files and messages, else empty
     */
    public <R, T> Mono<T> ask(
            String path, IdOperation<R> operation, String id, BiFunction<R, UnaryOperator<String>, T> join) {
        HttpEndpoint endpoint = endpoint(path);
        JsonCall<String, R> call = new JsonCall<>(endpoint, operation, rules, hidden, clock);
        return Mono.deferContextual(context -> endpoint.send(HttpMethod.GET, operation.about(id), RequestBody.NONE)
                .flatMap(answer -> call.read(id, answer)
                        .map(read -> join.apply(read, name -> plain(context, name, answer.header(name))))));
    }

    /** The value of a header if it is a name and holds no key, else empty. What goes out under the same name may come back. */
    private String plain(ContextView context, String header, @Nullable String value) {
        if (value == null || !PLAIN.matcher(value).matches()) {
            return "";
        }
        boolean isSent = headers.entrySet().stream()
                .anyMatch(sent -> sent.getKey().equalsIgnoreCase(header)
                        && sent.getValue().equals(value));
        String struck = hidden.strikeFrom(Credentials.keyIn(context).strikeFrom(value));
        return isSent || struck.equals(value) ? value : "";
    }

    /** A chat call to {@code path}. */
    public ChatCall chat(String path, ChatOperation operation) {
        return new JsonChatCall(identity, endpoint(path), operation, rules, hidden, clock);
    }

    /**
     * A call to {@code path} that makes or changes something: it posts what the operation writes, or nothing. It is sent once like any
     * other; an answer of 5xx leaves it open whether it was done, but for a server that says itself that it is too busy.
     */
    public <Q, R> Call<Q, R> command(String path, JsonOperation<Q, R> operation) {
        return command(HttpMethod.POST, path, operation);
    }

    /** A {@link #command} that deletes what is at {@code path}. */
    public <Q, R> Call<Q, R> deletion(String path, JsonOperation<Q, R> operation) {
        return command(HttpMethod.DELETE, path, operation);
    }

    private <Q, R> Call<Q, R> command(HttpMethod method, String path, JsonOperation<Q, R> operation) {
        HttpEndpoint endpoint = endpoint(path);
        return new JsonCall<>(endpoint, operation, new Commands(rules), hidden, clock).as(method);
    }

    /**
     * Posts lines to {@code path} as a {@link #command}, in chunks, while they come. Memory is bounded whatever their number. Nothing
     * limits the time of the whole: only the time in which a piece does not leave, and that for the answer once all has left.
     *
     * <p>An error of {@code lines} comes through as it is. Delivery is {@code NOT_SENT} as long as {@code end} was not handed over.
     *
     * @param contentType of the whole
     * @param start what comes before the lines
     * @param between what comes between two lines
     * @param end what comes after the lines, without which no server can take the body for whole
     * @param about what is sent, for error messages
     */
    public <R> Mono<R> upload(
            String path,
            String contentType,
            String start,
            Flux<byte[]> lines,
            String between,
            String end,
            String about,
            JsonOperation<String, R> operation) {
        HttpEndpoint endpoint = bulkEndpoint(path, "content-type", contentType);
        JsonCall<String, R> call = new JsonCall<>(endpoint, operation, new Commands(rules), hidden, clock);
        return endpoint.send(
                        HttpMethod.POST, about, new StreamedBody(start, lines, between, end, transport.idleTimeout()))
                .flatMap(answer -> call.read(about, answer));
    }

    /**
     * Reads what is at {@code path} line by line, from the socket only as lines are asked for. Nothing limits the time or the length of
     * the whole: only silence, and the length of a line by {@code maxBodyBytes}.
     *
     * @param about what is read, for error messages
     */
    public Flux<BodyLine> lines(String path, String about) {
        Failures<String> failures = new Failures<>(name, new Unasked<>(null), rules, hidden, clock);
        return bulkEndpoint(path, "accept", "*/*")
                .fetch(about, new BodyLines(about, failures, transport.maxBodyBytes()));
    }

    /** Words of the server, fit for an exception: without keys, and without what they quote, which may be a prompt. */
    public String words(ContextView context, String text) {
        return ServerWords.of(Credentials.keyIn(context).strikeFrom(text), hidden, ServerWords.UNKNOWN_PROMPTS);
    }

    /** The path of {@code url} below the base URL; empty if it lies anywhere else. */
    public String pathOf(String url) {
        String below = baseUrl.identity() + "/";
        boolean isBelow = url.startsWith(below) && url.chars().allMatch(c -> c > ' ' && c < 127) && !url.contains("..");
        return isBelow ? url.substring(below.length() - 1) : "";
    }

    /** Reads answers of an operation that lie within other bodies. */
    public <R> StoredAnswers<R> storedAnswers(JsonOperation<?, R> operation) {
        return new StoredAnswers<>(new JsonCall<>(endpoint("/"), new Unasked<>(operation), rules, hidden, clock));
    }

    private HttpEndpoint endpoint(String path) {
        return transport.endpoint(name, baseUrl.resolve(path), headers, credentials, clock);
    }

    private HttpEndpoint bulkEndpoint(String path, String header, String value) {
        Map<String, String> all = new LinkedHashMap<>(headers);
        all.put(header, value);
        return transport.bulkEndpoint(name, baseUrl.resolve(path), all, credentials, clock);
    }

    /** Closes the connections, unless the transport was given. Idempotent. Returns without waiting. */
    @Override
    public void close() {
        if (ownsTransport) {
            transport.close();
        }
    }

    /** {@link #close} on subscription, completing when the connections are down. */
    public Mono<Void> disposeLater() {
        return ownsTransport ? transport.disposeLater() : Mono.empty();
    }

    /** Without headers: they hold keys. */
    @Override
    public String toString() {
        return name + " at " + identity;
    }
}
