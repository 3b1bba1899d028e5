package io.headrace.testkit;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.util.function.Consumer;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Streaming JSON in and out; trees where a value is of any form. Thread-safe. */
final class Json {

    private static final JsonFactory FACTORY = new JsonFactory();

    private Json() {}

    /** What {@code content} writes, as UTF-8. */
    static byte[] write(Consumer<JsonGenerator> content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(1024);
        try (JsonGenerator json = FACTORY.createGenerator(ObjectWriteContext.empty(), out)) {
            content.accept(json);
        }
        return out.toByteArray();
    }

    /** The value that {@code parser} stands on, whole. */
    static JsonNode tree(JsonParser parser) {
        return Trees.MAPPER.readTree(parser);
    }

    /** An object of one field. */
    static ObjectNode object(String field, String value) {
        return Trees.MAPPER.createObjectNode().put(field, value);
    }

    /**
     * The object that is all that {@code parser} holds.
     *
     * @throws tools.jackson.core.JacksonException for anything else
     */
    static JsonNode object(JsonParser parser) {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw new StreamReadException(parser, "the body is not a JSON object");
        }
        JsonNode object = tree(parser);
        if (parser.nextToken() != null) {
            throw new StreamReadException(parser, "something follows the JSON object");
        }
        return object;
    }

    /**
     * The one value that {@code json} is.
     *
     * @throws tools.jackson.core.JacksonException if it is no JSON
     */
    static JsonNode value(byte[] json) {
        return Trees.MAPPER.readTree(json);
    }

    static String text(JsonNode tree) {
        return Trees.MAPPER.writeValueAsString(tree);
    }

    static JsonParser parser(InputStream json) {
        return FACTORY.createParser(ObjectReadContext.empty(), json);
    }

    static JsonParser parser(byte[] json) {
        return FACTORY.createParser(ObjectReadContext.empty(), json);
    }

    /** Data binding, loaded when it is needed. */
    private static final class Trees {

        private static final JsonMapper MAPPER = JsonMapper.builder()
                .disable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .build();
    }
}
