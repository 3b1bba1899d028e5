package io.headrace.testkit;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What the simulator sends is what the providers' own OpenAPI descriptions say. The descriptions do not ship with the project:
 * without them these tests are skipped.
 */
class WireConformanceTest {

    static final List<Fault> REFUSALS = List.of(
            Fault.rateLimited(Duration.ofSeconds(1)),
            Fault.quotaExhausted(),
            Fault.serverError(),
            Fault.unavailable(),
            Fault.overloaded());

    private final SimulatedProvider provider = SimulatedProvider.builder().start();
    private final Client client = new Client(provider);

    @AfterEach
    void close() {
        client.close();
        provider.close();
    }

    @Test
    void openAiAnswersAndErrorsConform() throws IOException {
        Schemas schemas = Schemas.read("openai-openapi-subset.json");
        schemas.assertConforms(
                "CreateChatCompletionResponse",
                client.ask(Client.OPENAI, Client.openAi("ducks")).body());
        for (Fault refusal : REFUSALS) {
            provider.failNext(1, refusal);
            schemas.assertConforms(
                    "ErrorResponse",
                    client.ask(Client.OPENAI, Client.openAi("ducks")).body());
        }
        schemas.assertConforms("ErrorResponse", client.ask(Client.OPENAI, "{}").body());
        schemas.assertConforms("ErrorResponse", client.ask("/v1/nothing", "{}").body());
    }
}
