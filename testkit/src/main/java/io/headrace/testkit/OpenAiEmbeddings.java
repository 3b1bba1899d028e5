package io.headrace.testkit;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.JsonNode;

/**
 * OpenAI Embeddings. A text's vector is the sum of its words' vectors, which are drawn from the word alone, and of length 1: texts
 * that share words lie close together.
 */
record OpenAiEmbeddings(JsonNode body) implements Question {

    private static final int MAX_INPUTS = 2_048;
    private static final Set<String> FIELDS = Set.of("model", "input", "encoding_format", "dimensions", "user");

    static OpenAiEmbeddings read(byte[] body) {
        try (JsonParser parser = Json.parser(body)) {
            return new OpenAiEmbeddings(Json.object(parser));
        }
    }

    @Override
    public String model() {
        return body.path("model").asString("");
    }

    @Override
    public Wire.@Nullable Problem problem() {
        for (String field : body.propertyNames()) {
            if (!FIELDS.contains(field)) {
                return Wire.Problem.invalid("Unrecognized request argument supplied: " + field);
            }
        }
        if (model().isEmpty()) {
            return Wire.Problem.invalid("you must provide a model parameter");
        }
        String format = body.path("encoding_format").asString("float");
        if (!format.equals("float") && !format.equals("base64")) {
            return OpenAiWire.badValue("encoding_format", "'encoding_format' must be 'float' or 'base64'.");
        }
        if (dimensions() < 1 || dimensions() > fullLength()) {
            return OpenAiWire.badValue("dimensions", "Invalid value for 'dimensions'.");
        }
        if (body.has("dimensions") && model().equals("text-embedding-ada-002")) {
            return OpenAiWire.badValue("dimensions", "This model does not support specifying dimensions.");
        }
        List<String> inputs = inputs();
        return inputs.isEmpty() || inputs.size() > MAX_INPUTS || inputs.contains("")
                ? OpenAiWire.badValue("input", "'$.input' is invalid.")
                : null;
    }

    @Override
    public Demand demand(PromptCache promptCache) {
        return new Demand(tokens(inputs()), 0);
    }

    @Override
    public Content answer(Occasion occasion) {
        return Content.whole(Json.write(this::write));
    }

    private void write(JsonGenerator json) {
        boolean base64 = body.path("encoding_format").asString("").equals("base64");
        List<String> inputs = inputs();
        json.writeStartObject();
        json.writeStringProperty("object", "list");
        json.writeArrayPropertyStart("data");
        for (int i = 0; i < inputs.size(); i++) {
            json.writeStartObject();
            json.writeStringProperty("object", "embedding");
            json.writeNumberProperty("index", i);
            json.writeName("embedding");
            float[] vector = vector(inputs.get(i), dimensions());
            if (base64) {
                json.writeString(base64(vector));
            } else {
                json.writeStartArray();
                for (float number : vector) {
                    json.writeNumber(number);
                }
                json.writeEndArray();
            }
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeStringProperty("model", model());
        int tokens = tokens(inputs);
        json.writeObjectPropertyStart("usage");
        json.writeNumberProperty("prompt_tokens", tokens);
        json.writeNumberProperty("total_tokens", tokens);
        json.writeEndObject();
        json.writeEndObject();
    }

    private static int tokens(List<String> inputs) {
        return inputs.stream().mapToInt(Tokens::count).sum();
    }

    private int fullLength() {
        return model().endsWith("-large") ? 3_072 : 1_536;
    }

    private int dimensions() {
        return body.path("dimensions").asInt(fullLength());
    }

    /** One text, several, or the same in tokens, whose numbers stand for words. */
    private List<String> inputs() {
        JsonNode input = body.path("input");
        if (input.isString()) {
            return List.of(input.asString());
        }
        if (input.isArray() && input.path(0).isNumber()) {
            return List.of(words(input));
        }
        List<String> inputs = new ArrayList<>();
        for (JsonNode each : input) {
            inputs.add(each.isArray() ? words(each) : each.asString(""));
        }
        return inputs;
    }

    private static String words(JsonNode tokens) {
        StringBuilder words = new StringBuilder();
        tokens.forEach(token -> words.append("token").append(token.asInt()).append(' '));
        return words.toString().strip();
    }

    private static float[] vector(String text, int dimensions) {
        double[] sum = new double[dimensions];
        List<String> words = Words.of(text);
        for (String word : words.isEmpty() ? List.of(text) : words) {
            SplittableRandom random = new SplittableRandom(word.hashCode());
            for (int i = 0; i < dimensions; i++) {
                sum[i] += random.nextDouble() - 0.5;
            }
        }
        double square = 0;
        for (double each : sum) {
            square += each * each;
        }
        float[] vector = new float[dimensions];
        for (int i = 0; i < dimensions; i++) {
            vector[i] = (float) (sum[i] / Math.sqrt(square));
        }
        return vector;
    }

    private static String base64(float[] vector) {
        ByteBuffer bytes = ByteBuffer.allocate(vector.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(vector);
        return Base64.getEncoder().encodeToString(bytes.array());
    }
}
