package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

class AnthropicMessagesTest extends OverAClient {

    private static final String COUNT = "/v1/messages/count_tokens";
    private static final String DUCKS =
            "Ducks and geese swim on the pond near the old mill. It is 12 o'clock in Paris.";
    private static final String CITY = """
            {"type":"object","properties":{"city":{"type":"string"},"hours":{"type":"integer"}},\
            "required":["city","hours"],"additionalProperties":false}""";

    /** Requests by what they have beside a model and a message. */
    private static final List<String> FIELDS = List.of(
            "",
            "\"max_tokens\":3,",
            "\"stop_sequences\":[\"geese\"],",
            "\"thinking\":{\"type\":\"adaptive\"},",
            "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024},\"max_tokens\":2000,",
            "\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":" + CITY + "}},",
            "\"tools\":[{\"name\":\"look_up\",\"input_schema\":" + CITY + "}],\"tool_choice\":{\"type\":\"any\"},",
            "\"system\":\"you must refuse\",");

    private static final Map<String, String> HEADERS = Map.of("x-api-key", "k", "anthropic-version", "2023-06-01");

    @ParameterizedTest
    @FieldSource("FIELDS")
    void stream_saysWhatTheWholeAnswerSays(String fields) {
        String body = body(DUCKS + (fields.contains("refuse") ? " You must refuse." : ""), fields);
        JsonNode whole = client.ask(Client.ANTHROPIC, body).json();
        Client.Answer streamed = client.ask(Client.ANTHROPIC, body.replaceFirst("\\{", "{\"stream\":true,"));

        assertThat(streamed.headers().get("content-type")).isEqualTo("text/event-stream; charset=utf-8");
        List<JsonNode> events = events(streamed.body());
        ObjectNode collected = collect(events);
        assertThat(collected.path("content")).isEqualTo(comparable(whole.path("content")));
        assertThat(collected.path("stop_reason")).isEqualTo(whole.path("stop_reason"));
        assertThat(collected.path("stop_sequence")).isEqualTo(whole.path("stop_sequence"));
        assertThat(collected.path("stop_details")).isEqualTo(whole.path("stop_details"));
        assertThat(collected.path("usage")).isEqualTo(whole.path("usage"));
        assertThat(events.get(0).path("type").asString()).isEqualTo("message_start");
        assertThat(events.get(2).path("type").asString()).isEqualTo("ping");
        assertThat(events.get(events.size() - 1).path("type").asString()).isEqualTo("message_stop");
    }

    @Test
    void everyAnswer_isWhatTheDescriptionSays() throws IOException {
        Schemas schemas = Schemas.read("anthropic-openapi.json");
        for (String fields : FIELDS) {
            String body = body(DUCKS + (fields.contains("refuse") ? " You must refuse." : ""), fields);
            schemas.assertConforms("Message", client.ask(Client.ANTHROPIC, body).body());
            String events = client.ask(Client.ANTHROPIC, body.replaceFirst("\\{", "{\"stream\":true,"))
                    .body();
            for (JsonNode event : events(events)) {
                if (!event.path("type").asString().equals("ping")) {
                    schemas.assertConforms("MessageStreamEvent", event.toString());
                }
            }
        }
        schemas.assertConforms(
                "CountMessageTokensResponse",
                client.ask(COUNT, body(DUCKS, "").replace("\"max_tokens\":100,", ""))
                        .body());
        schemas.assertConforms("ListResponse_ModelInfo_", get("/v1/models").body());
        schemas.assertConforms("ModelInfo", get("/v1/models/claude-opus-4-5").body());
        for (Fault refusal : WireConformanceTest.REFUSALS) {
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

    @Test
    void models_comePageByPage() {
        JsonNode all = get("/v1/models").json();
        JsonNode first = get("/v1/models?limit=2").json();
        JsonNode rest = get("/v1/models?limit=2&after_id="
                        + first.path("last_id").asString())
                .json();
        JsonNode back =
                get("/v1/models?before_id=" + all.path("last_id").asString()).json();

        assertThat(all.at("/data/0/id").asString()).isEqualTo("claude-opus-4-5-20251101");
        assertThat(all.at("/data/0/display_name").asString()).isEqualTo("Claude Opus 4 5");
        assertThat(all.at("/data/0/created_at").asString()).isEqualTo("2025-11-01T00:00:00Z");
        assertThat(first.path("data").size()).isEqualTo(2);
        assertThat(first.path("has_more").asBoolean()).isTrue();
        assertThat(rest.path("data").size()).isEqualTo(all.path("data").size() - 2);
        assertThat(rest.path("has_more").asBoolean()).isFalse();
        assertThat(back.path("data").size()).isEqualTo(all.path("data").size() - 1);
        assertThat(get("/v1/models?limit=0").status()).isEqualTo(400);
        assertThat(get("/v1/models/any-model").json().path("id").asString()).isEqualTo("any-model");
        assertThat(client.ask("/v1/models", "{}").status()).isEqualTo(405);
    }

    @Test
    void modelsThatDoNotExist_areNotFound() {
        try (SimulatedProvider strict =
                        SimulatedProvider.builder().models("claude-a").start();
                Client other = new Client(strict)) {
            assertThat(other.get("/v1/models/claude-b", HEADERS)
                            .block(Client.SOON)
                            .status())
                    .isEqualTo(404);
            assertThat(other.get("/v1/models", HEADERS)
                            .block(Client.SOON)
                            .json()
                            .at("/data/0/id")
                            .asString())
                    .isEqualTo("claude-a");
        }
    }

    @Test
    void requiredTool_isCalledWithArgumentsOfItsSchema_andItsResultIsAnswered() {
        String tools =
                "\"tools\":[{\"name\":\"look_up\",\"input_schema\":" + CITY + "}],\"tool_choice\":{\"type\":\"any\"},";
        JsonNode call = client.ask(Client.ANTHROPIC, body(DUCKS, tools)).json();

        assertThat(call.path("stop_reason").asString()).isEqualTo("tool_use");
        assertThat(call.at("/content/0/type").asString()).isEqualTo("tool_use");
        assertThat(call.at("/content/0/id").asString()).startsWith("toolu_");
        assertThat(call.at("/content/0/input/city").asString()).isEqualTo("Paris");
        assertThat(call.at("/content/0/input/hours").asInt()).isEqualTo(12);

        String id = call.at("/content/0/id").asString();
        String turns = "{\"role\":\"user\",\"content\":\"" + DUCKS + "\"},{\"role\":\"assistant\",\"content\":"
                + call.path("content")
                + "},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"%s\","
                + "\"content\":\"sunny\"}]}";
        String auto = tools.replace("any", "auto");
        assertThat(client.ask(Client.ANTHROPIC, conversation(turns.formatted(id), auto))
                        .text())
                .contains("sunny");
        assertRefused(conversation(turns.formatted("toolu_other"), auto), "unexpected `tool_use_id`");
        assertRefused(
                conversation(
                        turns.substring(0, turns.lastIndexOf(",{\"role\""))
                                + ",{\"role\":\"user\",\"content\":\"so?\"}",
                        auto),
                "without `tool_result`");
    }

    @Test
    void thoughts_areSigned_andComeBackUnchanged() {
        String thinking = "\"thinking\":{\"type\":\"adaptive\"},\"output_config\":{\"effort\":\"low\"},";
        JsonNode answer = client.ask(Client.ANTHROPIC, body(DUCKS, thinking)).json();
        JsonNode thought = answer.at("/content/0");

        assertThat(thought.path("type").asString()).isEqualTo("thinking");
        assertThat(answer.at("/content/1/type").asString()).isEqualTo("text");
        assertThat(answer.at("/usage/output_tokens_details/thinking_tokens").asInt())
                .isEqualTo(8);
        String turns = "{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":"
                + answer.path("content") + "},{\"role\":\"user\",\"content\":\"b\"}";
        assertThat(client.ask(Client.ANTHROPIC, conversation(turns, thinking)).status())
                .isEqualTo(200);
        assertRefused(
                conversation(turns.replace(thought.path("thinking").asString(), "It is about cats."), thinking),
                "Invalid `signature`");
    }

    @Test
    void cacheMarks_decideWhatIsWrittenAndRead() {
        String first = conversation(
                marked("alpha beta", "1h") + ",{\"role\":\"assistant\",\"content\":\"Yes?\"}," + marked("gamma", "5m"),
                "");
        String next = conversation(
                marked("alpha beta", "1h") + ",{\"role\":\"assistant\",\"content\":\"Yes?\"},"
                        + "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"gamma\"}]},"
                        + "{\"role\":\"assistant\",\"content\":\"So.\"}," + marked("delta", "5m"),
                "");

        assertUsage(first, 0, 0, 7, 12);
        assertUsage(first, 0, 19, 0, 0);
        assertUsage(next, 0, 19, 0, 12);
        assertUsage(conversation("{\"role\":\"user\",\"content\":\"alpha beta\"}", ""), 7, 0, 0, 0);
        assertUsage(
                conversation(
                        "{\"role\":\"user\",\"content\":\"alpha beta\"}",
                        "\"cache_control\":{\"type\":\"ephemeral\"},"),
                0,
                7,
                0,
                0);
        assertRefused(
                conversation(
                        "{\"role\":\"user\",\"content\":[" + String.join(",", Collections.nCopies(5, block("a", "5m")))
                                + "]}",
                        ""),
                "A maximum of 4 blocks");
    }

    @Test
    void tokens_areCountedAsAMessageCountsThem() {
        String tools = "\"tools\":[{\"name\":\"look_up\",\"input_schema\":" + CITY + "}],\"system\":\"Be brief.\",";
        String body = body(DUCKS, tools);
        int counted = client.ask(COUNT, body.replace("\"max_tokens\":100,", ""))
                .json()
                .path("input_tokens")
                .asInt();

        assertThat(counted)
                .isPositive()
                .isEqualTo(client.ask(Client.ANTHROPIC, body)
                        .json()
                        .at("/usage/input_tokens")
                        .asInt());
        Client.Answer refused = client.ask(COUNT, body);
        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.body()).contains("max_tokens: Extra inputs are not permitted");
    }

    @Test
    void newerVersion_refusesWhatTheOlderTakes() {
        Map<String, String> newer = Map.of("x-api-key", "k", "anthropic-version", "2026-10-21");
        for (String field : List.of("temperature", "top_p", "top_k")) {
            String body = body(DUCKS, "\"" + field + "\":1,");
            assertThat(client.ask(Client.ANTHROPIC, body).status()).isEqualTo(200);
            Client.Answer refused = client.post(Client.ANTHROPIC, body, newer).block(Client.SOON);
            assertThat(refused.status()).isEqualTo(400);
            assertThat(refused.json().at("/error/message").asString())
                    .isEqualTo(field + ": Extra inputs are not permitted");
        }
        String document = conversation(
                "{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"document\",\"source\":"
                        + "{\"type\":\"text\",\"media_type\":\"text/plain\",\"data\":\"b\"}}]},{\"role\":\"user\",\"content\":\"c\"}",
                "");
        String system = conversation(
                "{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"system\",\"content\":\"Be brief.\"}", "");
        assertRefused(system, "messages.1.role");
        assertThat(client.post(Client.ANTHROPIC, system, newer)
                        .block(Client.SOON)
                        .status())
                .isEqualTo(200);
        assertThat(client.ask(Client.ANTHROPIC, document).status()).isEqualTo(200);
        assertThat(client.post(Client.ANTHROPIC, document, newer)
                        .block(Client.SOON)
                        .status())
                .isEqualTo(400);
    }

    @Test
    void malformedMessages_areRefusedWithTheirPlace() {
        assertRefused(conversation("{\"role\":\"system\",\"content\":\"a\"}", ""), "messages.0.role");
        assertRefused(conversation("{\"role\":\"user\"}", ""), "messages.0.content: Field required");
        assertRefused(
                conversation("{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"\"}]}", ""),
                "must be non-empty");
        assertRefused(body(DUCKS, "\"temperature\":1.5,"), "temperature");
        assertRefused(body(DUCKS, "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":100},"), "1024");
        assertRefused(
                body(DUCKS, "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024},"),
                "`max_tokens` must be greater");
        assertRefused(
                body(DUCKS, "\"max_tokens\":1024,\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024},"),
                "`max_tokens` must be greater");
    }

    @Test
    void errorWithinAStream_hasItsEvent() {
        provider.failNext(1, Fault.errorEvent(4));

        String body =
                client.ask(Client.ANTHROPIC, body(DUCKS, "\"stream\":true,")).body();

        assertThat(body).contains("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"");
        assertThat(events(body)).hasSize(5);
    }

    private void assertUsage(String body, int input, int read, int longWrite, int shortWrite) {
        JsonNode usage = client.ask(Client.ANTHROPIC, body).json().path("usage");
        assertThat(List.of(
                        usage.path("input_tokens").asInt(),
                        usage.path("cache_read_input_tokens").asInt(),
                        usage.at("/cache_creation/ephemeral_1h_input_tokens").asInt(),
                        usage.at("/cache_creation/ephemeral_5m_input_tokens").asInt()))
                .containsExactly(input, read, longWrite, shortWrite);
        assertThat(usage.path("cache_creation_input_tokens").asInt()).isEqualTo(longWrite + shortWrite);
    }

    private Client.Answer get(String path) {
        return client.get(path, HEADERS).block(Client.SOON);
    }

    private void assertRefused(String body, String words) {
        Client.Answer answer = client.ask(Client.ANTHROPIC, body);
        assertThat(answer.status()).as(answer.body()).isEqualTo(400);
        assertThat(answer.json().at("/error/type").asString()).isEqualTo("invalid_request_error");
        assertThat(answer.json().at("/error/message").asString()).contains(words);
    }

    private static String body(String user, String fields) {
        return conversation("{\"role\":\"user\",\"content\":\"" + user + "\"}", fields);
    }

    private static String conversation(String turns, String fields) {
        return "{\"model\":\"claude-sonnet-4-5\"," + (fields.contains("max_tokens") ? "" : "\"max_tokens\":100,")
                + fields + "\"messages\":[" + turns + "]}";
    }

    private static String marked(String text, String ttl) {
        return "{\"role\":\"user\",\"content\":[" + block(text, ttl) + "]}";
    }

    private static String block(String text, String ttl) {
        return "{\"type\":\"text\",\"text\":\"" + text + "\",\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"" + ttl
                + "\"}}";
    }

    private static List<JsonNode> events(String body) {
        return body.lines()
                .filter(line -> line.startsWith("data: "))
                .map(line -> JsonMapper.shared().readTree(line.substring(6)))
                .toList();
    }

    /** What a client makes of the events. */
    private static ObjectNode collect(List<JsonNode> events) {
        ObjectNode message = JsonMapper.shared().createObjectNode();
        List<ObjectNode> blocks = new ArrayList<>();
        StringBuilder input = new StringBuilder();
        for (JsonNode event : events) {
            switch (event.path("type").asString()) {
                case "message_start" -> message.set("usage", event.at("/message/usage"));
                case "content_block_start" -> blocks.add((ObjectNode) event.path("content_block"));
                case "content_block_delta" -> {
                    ObjectNode block = blocks.get(event.path("index").asInt());
                    event.path("delta").properties().forEach(field -> {
                        if (field.getKey().equals("partial_json")) {
                            input.append(field.getValue().asString());
                            block.set("input", input.isEmpty() ? block.path("input") : parseOr(input.toString()));
                        } else if (!field.getKey().equals("type")) {
                            block.put(
                                    field.getKey(),
                                    block.path(field.getKey()).asString("")
                                            + field.getValue().asString());
                        }
                    });
                }
                case "message_delta" -> {
                    event.path("delta").properties().forEach(field -> message.set(field.getKey(), field.getValue()));
                    event.path("usage")
                            .properties()
                            .forEach(field ->
                                    ((ObjectNode) message.path("usage")).set(field.getKey(), field.getValue()));
                }
                default -> {
                    // pings, stops
                }
            }
        }
        ArrayNode content = JsonMapper.shared().createArrayNode();
        blocks.forEach(content::add);
        message.set("content", comparable(content));
        return message;
    }

    private static JsonNode parseOr(String json) {
        try {
            return JsonMapper.shared().readTree(json);
        } catch (JacksonException e) {
            return JsonMapper.shared().createObjectNode();
        }
    }

    /** Without ids, which differ from body to body, and without the empty text of a refusal in a stream. */
    private static JsonNode comparable(JsonNode content) {
        ArrayNode kept = JsonMapper.shared().createArrayNode();
        for (JsonNode block : content) {
            if (!block.path("text").asString("x").isEmpty()) {
                kept.add(block);
                ((ObjectNode) block).remove("id");
            }
        }
        return kept;
    }
}
