package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class OpenAiReasoningTest extends OverAClient {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'temperature':0.2|temperature|unsupported_value|'temperature' does not support 0.2",
                "'temperature':1,'top_p':0|top_p|unsupported_value|'top_p' does not support 0 with",
                "'max_tokens':50|max_tokens|unsupported_parameter|Use 'max_completion_tokens' instead.",
                "'stop':['a']|stop|unsupported_parameter|'stop' is not supported with this model.",
            })
    void whatRealOnesRefuse_isRefused(String fields, String param, String code, String words) {
        for (String model : List.of("gpt-5", "gpt-5-mini-2025-08-07", "gpt-5.2", "gpt-6", "o1", "o4-mini")) {
            Client.Answer answer = chat(model, fields);
            assertThat(answer.status()).as(model).isEqualTo(400);
            JsonNode error = answer.json().path("error");
            assertThat(error.path("type").asString()).isEqualTo("invalid_request_error");
            assertThat(error.path("param").asString()).isEqualTo(param);
            assertThat(error.path("code").asString()).isEqualTo(code);
            assertThat(error.path("message").asString()).contains(words);
        }
        for (String model : List.of("gpt-4o", "gpt-5-chat-latest", "omni", "gpt-oss-120b")) {
            assertThat(chat(model, fields).status()).as(model).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "'temperature':1,'top_p':1.0",
                "'max_completion_tokens':50",
                "'reasoning_effort':'none','temperature':0.2",
                "'temperature':null,'stop':null",
            })
    void theRest_isTaken(String fields) {
        assertThat(chat("gpt-5", fields).status()).isEqualTo(200);
    }

    @Test
    void responses_takeNoSamplingAtAll() {
        Client.Answer answer = responses("'temperature':1");

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().at("/error/param").asString()).isEqualTo("temperature");
        assertThat(answer.json().at("/error/code").isNull()).isTrue();
        assertThat(responses("'temperature':0.5,'reasoning':{'effort':'none'}").status())
                .isEqualTo(200);
        assertThat(responses("'max_output_tokens':50").status()).isEqualTo(200);
    }

    private Client.Answer chat(String model, String fields) {
        String body = "{'model':'" + model + "','messages':[{'role':'user','content':'x'}]," + fields + "}";
        return client.ask(Client.OPENAI, body.replace('\'', '"'));
    }

    private Client.Answer responses(String fields) {
        return client.ask("/v1/responses", ("{'model':'gpt-5','input':'x'," + fields + "}").replace('\'', '"'));
    }
}
