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
import io.headrace.testkit.SimulatorScript;
import java.util.ArrayDeque;
import java.util.Deque;

/** A simulated provider and its real clients, in one process over real sockets. Not thread-safe. */
final class Loopback implements AutoCloseable {

    private final SimulatedProvider provider;
    private final HttpTransport transport = HttpTransport.builder().build();
    private final Deque<Runnable> clients = new ArrayDeque<>();

    private Loopback(SimulatedProvider provider) {
        this.provider = provider;
    }

    /** Whose limits are told in headers. */
    static Loopback open(Latency latency, SimulatorScript script) {
        return new Loopback(builder(latency, script).start());
    }

    /** Whose limits nobody knows. */
    static Loopback hidden(Latency latency, SimulatorScript script) {
        return new Loopback(builder(latency, script).limitHeaders(false).start());
    }

    private static SimulatedProvider.Builder builder(Latency latency, SimulatorScript script) {
        return SimulatedProvider.builder().latency(latency).script(script).keepRequests(0);
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
