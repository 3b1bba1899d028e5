package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the simulator sends is what the providers' own OpenAPI descriptions say. The descriptions do not ship with the project:
 * without them these tests are skipped.
 */
class WireConformanceTest extends OverAClient {

    static final List<Fault> REFUSALS = List.of(
            Fault.rateLimited(Duration.ofSeconds(1)),
            Fault.quotaExhausted(),
            Fault.serverError(),
            Fault.unavailable(),
            Fault.overloaded());

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

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{MESSAGES}",
                "{MESSAGES,'n':3,'max_completion_tokens':3}",
                "{MESSAGES,'logprobs':true,'top_logprobs':2,'stop':['about']}",
                "{MESSAGES,'reasoning_effort':'low','response_format':{'type':'json_object'}}",
                "{MESSAGES,'response_format':{'type':'json_schema','json_schema':{'name':'s','strict':true,'schema':SCHEMA}}}",
                "{MESSAGES,'tool_choice':'required','tools':[{'type':'function','function':{'name':'f','parameters':SCHEMA}}]}",
                "{'messages':[{'role':'user','content':'you must refuse'}]}",
            })
    void chatCompletions_conformWholeAndStreamed(String request) throws IOException {
        Schemas schemas = Schemas.read("openai-openapi-subset.json");
        String body = "{'model':'gpt-4o-mini'," + expand(request).substring(1);
        body = body.replace('\'', '"');

        schemas.assertConforms(
                "CreateChatCompletionResponse", client.ask(Client.OPENAI, body).body());
        List<String> events = data(client.ask(
                        Client.OPENAI,
                        "{\"stream\":true,\"stream_options\":{\"include_usage\":true}," + body.substring(1))
                .body());
        assertThat(events).last().isEqualTo("[DONE]");
        for (String event : events.subList(0, events.size() - 1)) {
            schemas.assertConforms("CreateChatCompletionStreamResponse", event);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{INPUT}",
                "{INPUT,'max_output_tokens':3,'top_logprobs':2}",
                "{INPUT,'reasoning':{'effort':'low'},'text':{'format':{'type':'json_schema','name':'s','strict':true,'schema':SCHEMA}}}",
                "{INPUT,'tool_choice':'required','tools':[{'type':'function','name':'f','parameters':SCHEMA}]}",
                "{'input':'you must refuse'}",
                "{'input':[{'type':'function_call_output','call_id':'c','output':'sun'}]}",
            })
    void responses_conformWholeAndStreamed(String request) throws IOException {
        Schemas schemas = Schemas.read("openai-openapi-subset.json");
        String body = "{'model':'gpt-5'," + expand(request).substring(1);
        body = body.replace('\'', '"');

        schemas.assertConforms("Response", client.ask("/v1/responses", body).body());
        List<String> events = data(client.ask("/v1/responses", "{\"stream\":true," + body.substring(1))
                .body());
        assertThat(events).first().asString().contains("response.created");
        assertThat(events).last().asString().containsAnyOf("response.completed", "response.incomplete");
        for (String event : events) {
            schemas.assertConforms("ResponseStreamEvent", event);
        }
    }

    @Test
    void embeddingsAndModels_conform() throws IOException {
        Schemas schemas = Schemas.read("openai-openapi-subset.json");
        String body = "{\"model\":\"text-embedding-3-small\",\"input\":[\"a duck\",\"a goose\"]}";
        schemas.assertConforms(
                "CreateEmbeddingResponse", client.ask("/v1/embeddings", body).body());
        Map<String, String> key = Map.of("authorization", "Bearer k");
        schemas.assertConforms(
                "ListModelsResponse",
                client.get("/v1/models", key).block(Client.SOON).body());
        schemas.assertConforms(
                "Model", client.get("/v1/models/gpt-4o", key).block(Client.SOON).body());
        schemas.assertConforms(
                "ErrorResponse", client.get("/v1/models").block(Client.SOON).body());
    }

    private static String expand(String request) {
        return request.replace("MESSAGES", "'messages':[{'role':'user','content':'Ducks swim to Paris in 3 days.'}]")
                .replace("INPUT", "'input':'Ducks swim to Paris in 3 days.'")
                .replace(
                        "SCHEMA",
                        "{'type':'object','properties':{'city':{'type':'string'},'days':{'type':'integer'}},"
                                + "'required':['city','days'],'additionalProperties':false}");
    }

    private static List<String> data(String stream) {
        return stream.lines()
                .filter(line -> line.startsWith("data: "))
                .map(line -> line.substring(6))
                .toList();
    }
}
