package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.dialect.Dialects;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * What the simulator sends is what the providers' own OpenAPI descriptions say. The descriptions do not ship with the project:
 * without them these tests are skipped.
 */
class WireConformanceTest {

    private static final List<Fault> REFUSALS = List.of(
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
        Schemas schemas = schemas("openai-openapi-subset.json");
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

    @Test
    void anthropicAnswersAndErrorsConform() throws IOException {
        Schemas schemas = schemas("anthropic-openapi.json");
        schemas.assertConforms(
                "Message",
                client.ask(Client.ANTHROPIC, Client.anthropic("ducks")).body());
        for (Fault refusal : REFUSALS) {
            provider.failNext(1, refusal);
            schemas.assertConforms(
                    "ErrorResponse",
                    client.ask(Client.ANTHROPIC, Client.anthropic("ducks")).body());
        }
        schemas.assertConforms(
                "ErrorResponse", client.ask(Client.ANTHROPIC, "{}").body());
        schemas.assertConforms(
                "ErrorResponse", client.ask("/v1/messages/nothing", "{}").body());
    }

    private static Schemas schemas(String file) throws IOException {
        Path found = Stream.of(System.getenv("HEADRACE_SHARED"), "../shared", "../../shared", "../../../shared")
                .filter(Objects::nonNull)
                .map(folder -> Path.of(folder, "reference", file))
                .filter(Files::isReadable)
                .findFirst()
                .orElse(null);
        Assumptions.assumeTrue(
                found != null, "skipped: no shared/reference/" + file + " beside the project and no HEADRACE_SHARED");
        return new Schemas(Files.readString(found));
    }

    private static final class Schemas {

        private static final String AT = "https://provider.invalid/api";

        private final SchemaRegistry registry;

        Schemas(String openApi) {
            registry = SchemaRegistry.withDialect(
                    Dialects.getDraft202012(), builder -> builder.schemas(Map.of(AT, openApi)));
        }

        void assertConforms(String name, String json) {
            Schema schema = registry.getSchema(SchemaLocation.of(AT + "#/components/schemas/" + name));
            assertThat(schema.validate("{}", InputFormat.JSON))
                    .as(name + " is found")
                    .isNotEmpty();
            assertThat(schema.validate(json, InputFormat.JSON)).as(json).isEmpty();
        }
    }
}
