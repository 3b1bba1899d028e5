package io.headrace.testkit;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.exc.StreamReadException;

/**
 * One request of a batch as it was uploaded. Absent texts are empty.
 *
 * @param body of the request, byte for byte; null if there is none
 * @param model in the body
 * @param inputs in the body, as embeddings have them; at least 1
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record BatchEntry(String customId, String method, String url, byte @Nullable [] body, String model, int inputs) {

    /**
     * Reads the object that is all of {@code json}.
     *
     * @param bodyField the field that holds the request
     * @throws tools.jackson.core.JacksonException if it is none
     */
    static BatchEntry parse(byte[] json, String bodyField) {
        try (JsonParser in = Json.parser(json)) {
            if (in.nextToken() != JsonToken.START_OBJECT) {
                throw new StreamReadException(in, "the line is not a JSON object");
            }
            Reader reader = new Reader(json, bodyField);
            BatchEntry entry = reader.read(in);
            if (in.nextToken() != null) {
                throw new StreamReadException(in, "something follows the JSON object");
            }
            return entry;
        }
    }

    private static final class Reader {

        private final byte[] json;
        private final String bodyField;
        private String customId = "";
        private String method = "";
        private String url = "";
        private byte @Nullable [] body;
        private String model = "";
        private int inputs = 1;

        Reader(byte[] json, String bodyField) {
            this.json = json;
            this.bodyField = bodyField;
        }

        BatchEntry read(JsonParser in) {
            for (String name = in.nextName(); name != null; name = in.nextName()) {
                JsonToken value = in.nextToken();
                if (name.equals(bodyField) && value == JsonToken.START_OBJECT) {
                    int start = (int) in.currentTokenLocation().getByteOffset();
                    body(in);
                    body = Arrays.copyOfRange(
                            json, start, (int) in.currentLocation().getByteOffset());
                } else if (value == JsonToken.VALUE_STRING) {
                    switch (name) {
                        case "custom_id" -> customId = in.getString();
                        case "method" -> method = in.getString();
                        case "url" -> url = in.getString();
                        default -> {
                            // not needed
                        }
                    }
                } else {
                    in.skipChildren();
                }
            }
            return new BatchEntry(customId, method, url, body, model, inputs);
        }

        private void body(JsonParser in) {
            for (String name = in.nextName(); name != null; name = in.nextName()) {
                JsonToken value = in.nextToken();
                if (name.equals("model") && value == JsonToken.VALUE_STRING) {
                    model = in.getString();
                } else if (name.equals("input") && value == JsonToken.START_ARRAY) {
                    inputs = 0;
                    while (in.nextToken() != JsonToken.END_ARRAY) {
                        inputs++;
                        in.skipChildren();
                    }
                } else {
                    in.skipChildren();
                }
            }
        }
    }
}
