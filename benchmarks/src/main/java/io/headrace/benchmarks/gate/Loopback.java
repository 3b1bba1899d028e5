package io.headrace.benchmarks.gate;

import io.headrace.Call;
import io.headrace.admission.Gate;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.anthropic.Anthropic;
import io.headrace.provider.http.HttpTransport;
import io.headrace.provider.openai.OpenAi;
import io.headrace.testkit.Latency;
import io.headrace.testkit.SimulatedProvider;
import java.util.ArrayDeque;
import java.util.Deque;
import reactor.core.publisher.Flux;

/** A simulated provider and its real clients, in one process over real sockets. Not thread-safe. */
final class Loopback implements AutoCloseable {

    private static final int WARM_UP = 50;

    private final SimulatedProvider provider;
    private final HttpTransport transport = HttpTransport.builder().build();
    private final Deque<Runnable> clients = new ArrayDeque<>();

    private Loopback(SimulatedProvider provider) {
        this.provider = provider;
    }

    /** Whose limits are told in headers. */
    static Loopback open(Latency latency) {
        return warm(builder(latency));
    }

    /** Whose limits nobody knows. */
    static Loopback hidden(Latency latency) {
        return warm(builder(latency).limitHeaders(false));
    }

    private static SimulatedProvider.Builder builder(Latency latency) {
        return SimulatedProvider.builder().latency(latency).keepRequests(0);
    }

    /** Both sides have loaded and compiled their code before anything is measured, by calls with a key of their own. */
    private static Loopback warm(SimulatedProvider.Builder builder) {
        Loopback loopback = new Loopback(builder.start());
        Gate gate = Gate.builder("warm-up").concurrency(WARM_UP).build();
        Requests requests = new Requests("warm-up", 5, 50, 10, 0);
        Call<ChatRequest, ChatResponse> openAi =
                loopback.openAi("warm-up", gate).build();
        Call<ChatRequest, ChatResponse> anthropic = loopback.anthropic("warm-up", gate);
        Flux.range(0, 10 * WARM_UP)
                .flatMap(i -> (i % 2 == 0 ? openAi : anthropic).apply(requests.get()), WARM_UP, 1)
                .blockLast();
        return loopback;
    }

    SimulatedProvider provider() {
        return provider;
    }

    /** A stack round OpenAI's wire that sends with {@code key}. */
    CallStack<ChatRequest, ChatResponse> openAi(String key, Gate gate) {
        OpenAi client = OpenAi.builder()
                .transport(transport)
                .baseUrl(provider.baseUrl() + "/v1")
                .apiKey(key)
                .build();
        clients.push(client::close);
        return CallStack.chat(client.chat()).gate(gate);
    }

    /** A call by Anthropic's wire that sends with {@code key}. */
    Call<ChatRequest, ChatResponse> anthropic(String key, Gate gate) {
        Anthropic client = Anthropic.builder()
                .transport(transport)
                .baseUrl(provider.baseUrl())
                .apiKey(key)
                .build();
        clients.push(client::close);
        return CallStack.chat(client.chat()).gate(gate).build();
    }

    @Override
    public void close() {
        while (!clients.isEmpty()) {
            clients.pop().run();
        }
        transport.close();
        provider.close();
    }
}
