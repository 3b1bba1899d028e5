package io.headrace.cli;

import io.headrace.admission.ApiKey;
import io.headrace.batch.BatchApi;
import io.headrace.model.ChatCall;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.anthropic.Anthropic;
import io.headrace.provider.openai.OpenAi;
import io.headrace.testkit.SimulatedProvider;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who answers the calls: a provider's client and, where it is simulated here, the server too. Closing it closes both.
 *
 * @param chat the bare call, without any layer
 * @param batches the same by the provider's batch endpoint
 * @param model what to ask for
 * @param key what is sent to it, if any
 * @param description the provider's address, for people
 * @param closing what frees it, in order
 */
record Backend(
        ChatCall chat,
        BatchApi<ChatRequest, ChatResponse> batches,
        String model,
        @Nullable ApiKey key,
        String description,
        List<Runnable> closing)
        implements AutoCloseable {

    /** Where both wires of the simulated provider, and by default those of real ones, begin. */
    static final String API_PATH = "/v1";

    /** Provider identity of simulated answers: the port of a simulator means nothing. */
    static final String SIMULATED = "simulated";

    /** A simulated provider in this process. */
    static Backend simulated(SimulatorSettings settings, String model) {
        SimulatedProvider server =
                settings.builder().countOccurrences(settings.faults() > 0).start();
        OpenAi client = OpenAi.builder()
                .baseUrl(server.baseUrl() + API_PATH)
                .identity(SIMULATED)
                .build();
        return new Backend(
                client.chat(),
                client.chatBatches(),
                model,
                null,
                "the simulated provider in this process",
                List.of(client::close, server::close));
    }

    static Backend openAi(String baseUrl, @Nullable String key, @Nullable String identity, String model) {
        OpenAi.Builder builder = OpenAi.builder().baseUrl(baseUrl);
        if (key != null) {
            builder.apiKey(key);
        }
        if (identity != null) {
            builder.identity(identity);
        }
        OpenAi client = builder.build();
        return of(client.chat(), client.chatBatches(), model, key, baseUrl, client::close);
    }

    static Backend anthropic(String baseUrl, @Nullable String key, @Nullable String identity, String model) {
        Anthropic.Builder builder = Anthropic.builder().baseUrl(baseUrl);
        if (key != null) {
            builder.apiKey(key);
        }
        if (identity != null) {
            builder.identity(identity);
        }
        Anthropic client = builder.build();
        return of(client.chat(), client.chatBatches(), model, key, baseUrl, client::close);
    }

    private static Backend of(
            ChatCall chat,
            BatchApi<ChatRequest, ChatResponse> batches,
            String model,
            @Nullable String key,
            String baseUrl,
            Runnable close) {
        ApiKey named = key == null ? null : new ApiKey("environment", key);
        String address = baseUrl.split("[?]", 2)[0]; // some servers take keys in the query
        return new Backend(chat, batches, model, named, address, List.of(close));
    }

    /** Whether there is no quota of a real account behind it. */
    boolean isSimulated() {
        return chat.identity().equals(SIMULATED);
    }

    /** What people know its quota by. */
    String quota() {
        return model + " at " + chat.identity();
    }

    @Override
    public void close() {
        closing.forEach(Runnable::run);
    }
}
