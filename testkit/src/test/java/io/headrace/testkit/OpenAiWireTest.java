package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.dialect.Dialects;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.Collections;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class OpenAiWireTest extends OverAClient {

    @Override
    SimulatedProvider.Builder builder() {
        return SimulatedProvider.builder().models("m", "text-embedding-3-small");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'type':'object','properties':{'a':{'type':'string','minLength':40,'maxLength':50},'b':{'type':['null','integer']}},'required':['a','b'],'additionalProperties':false}",
                "{'type':'array','items':{'enum':['money','animals']},'minItems':2,'maxItems':2}",
                "{'type':'object','properties':{'a':{'$ref':'#/$defs/n'},'b':{'anyOf':[{'type':'null'},{'$ref':'#/$defs/n'}]}},'required':['a'],'$defs':{'n':{'type':'number','exclusiveMinimum':5,'maximum':9,'multipleOf':0.5}}}",
                "{'$ref':'#/$defs/tree','$defs':{'tree':{'type':'object','properties':{'word':{'type':'string'},'children':{'type':'array','items':{'$ref':'#/$defs/tree'}}},'required':['word','children']}}}",
                "{'type':'object','properties':{'a':{'const':7},'d':{'type':'string','format':'date'},'ok':{'type':'boolean'},'x':{'type':'null'}},'required':['a','d','ok','x']}",
            })
    void answersByASchema_satisfyIt(String quoted) {
        String schema = quoted.replace('\'', '"');
        String body = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"A duck paid 12 dollars.\"}],"
                + "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\",\"schema\":" + schema
                + "}}}";

        String text = client.ask(Client.OPENAI, body).text();

        assertThat(SchemaRegistry.withDialect(Dialects.getDraft202012(), builder -> {})
                        .getSchema(schema)
                        .validate(text, InputFormat.JSON))
                .as(text)
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '~',
            delimiter = '|',
            value = {
                "'auto'|What is the weather in Rome?|get_weather",
                "'auto'|Tell me a joke.|",
                "'none'|What is the weather in Rome?|",
                "'required'|Tell me a joke.|get_time",
                "'required'|The weather, please.|get_weather",
                "{'type':'function','function':{'name':'get_weather'}}|Tell me a joke.|get_weather",
            })
    void tools_areCalledAsTheChoiceSays(String choice, String text, String called) {
        String body = """
                {'model':'m','messages':[{'role':'user','content':'%s'}],'tool_choice':%s,
                 'tools':[{'type':'function','function':{'name':'get_time','parameters':{'type':'object','properties':{}}}},
                          {'type':'function','function':{'name':'get_weather','parameters':{'type':'object','properties':{'city':{'type':'string'}},'required':['city']}}}]}""".formatted(text, choice).replace('\'', '"');

        JsonNode message = client.ask(Client.OPENAI, body).json().at("/choices/0/message");

        assertThat(message.at("/tool_calls/0/function/name").asString(null)).isEqualTo(called);
        if ("What is the weather in Rome?".equals(text) && called != null) {
            assertThat(message.at("/tool_calls/0/function/arguments").asString())
                    .isEqualTo("{\"city\":\"Rome\"}");
        }
    }

    @Test
    void toolResult_isToldOn_andNoToolIsCalledAgain() {
        String body = """
                {'model':'m','messages':[{'role':'user','content':'weather?'},{'role':'tool','tool_call_id':'c','content':'sunny'}],
                 'tools':[{'type':'function','function':{'name':'weather','parameters':{'type':'object'}}}]}""".replace('\'', '"');

        assertThat(client.ask(Client.OPENAI, body).text()).isEqualTo("The tool gave: sunny");
    }

    @Test
    void stopText_endsTheAnswer_andIsNotPartOfIt() {
        String body = Client.openAi("ducks").replace("gpt-4o-mini", "m").replaceFirst("\\{", "{\"stop\":\"about\",");

        Client.Answer answer = client.ask(Client.OPENAI, body);

        assertThat(answer.text()).isEqualTo("The text is ");
        assertThat(answer.json().at("/choices/0/finish_reason").asString()).isEqualTo("stop");
    }

    @Test
    void embeddings_areTheSameInBothEncodings_andCloseForTextsThatShareWords() {
        String body =
                "{\"model\":\"text-embedding-3-small\",\"input\":[\"ducks on a pond\",\"a duck\",\"money\"],\"dimensions\":64}";
        JsonNode numbers = client.ask("/v1/embeddings", body).json();
        JsonNode base64 = client.ask("/v1/embeddings", body.replaceFirst("\\{", "{\"encoding_format\":\"base64\","))
                .json();

        float[][] vectors = new float[3][64];
        for (int i = 0; i < 3; i++) {
            ByteBuffer.wrap(Base64.getDecoder()
                            .decode(base64.at("/data/" + i + "/embedding").asString()))
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer()
                    .get(vectors[i]);
            for (int k = 0; k < 64; k++) {
                assertThat(numbers.at("/data/" + i + "/embedding/" + k).floatValue())
                        .isEqualTo(vectors[i][k]);
            }
        }
        assertThat(dot(vectors[0], vectors[0])).isBetween(0.999, 1.001);
        assertThat(dot(vectors[0], vectors[1])).isGreaterThan(dot(vectors[0], vectors[2]) + 0.3);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'input':'a'}",
                "{'model':'text-embedding-3-small'}",
                "{'model':'text-embedding-3-small','input':''}",
                "{'model':'text-embedding-3-small','input':[]}",
                "{'model':'text-embedding-3-small','input':['a','']}",
                "{'model':'text-embedding-3-small','input':'a','dimensions':9999}",
                "{'model':'text-embedding-3-small','input':'a','encoding_format':'hex'}",
                "{'model':'text-embedding-3-small','input':'a','temperature':1}",
                "[1]",
                "nonsense",
            })
    void badEmbeddingRequests_are400(String body) {
        Client.Answer answer = client.ask("/v1/embeddings", body.replace('\'', '"'));

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().at("/error/type").asString()).isEqualTo("invalid_request_error");
    }

    @ParameterizedTest
    @CsvSource({"2048, 200", "2049, 400"})
    void embeddings_takeSoManyInputsAtOnce(int inputs, int status) {
        String body = "{\"model\":\"text-embedding-3-small\",\"dimensions\":1,\"input\":["
                + String.join(",", Collections.nCopies(inputs, "\"a\"")) + "]}";

        assertThat(client.ask("/v1/embeddings", body).status()).isEqualTo(status);
    }

    @Test
    void models_areThoseThatExist() {
        Map<String, String> key = Map.of("authorization", "Bearer k");

        assertThat(client.get("/v1/models", key).block(Client.SOON).json().at("/data"))
                .extracting(model -> model.path("id").asString())
                .containsExactly("m", "text-embedding-3-small");
        assertThat(client.get("/v1/models/m", key).block(Client.SOON).status()).isEqualTo(200);
        assertThat(client.get("/v1/models/none", key).block(Client.SOON).status())
                .isEqualTo(404);
        assertThat(client.get("/v1/models").block(Client.SOON).status()).isEqualTo(401);
        assertThat(client.post("/v1/models", "{}", key).block(Client.SOON).status())
                .isEqualTo(405);
    }

    private static double dot(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
