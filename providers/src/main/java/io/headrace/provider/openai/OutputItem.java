package io.headrace.provider.openai;

import io.headrace.model.Part;
import io.headrace.model.TokenLogprob;
import io.headrace.provider.http.JsonValues;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * One item of a response's output.
 *
 * @param parts what it means to us: nothing for an item of an unknown type
 */
record OutputItem(String type, String id, List<Part> parts, List<TokenLogprob> logprobs) {

    /** Stands between two paragraphs of a summary of thoughts. */
    static final String PARAGRAPH = "\n\n";

    /** Reads the object that {@code in} stands on. */
    static OutputItem read(JsonParser in) {
        return new Reader(in).read();
    }

    private static final class Reader {

        private final JsonParser in;
        private final List<Part> content = new ArrayList<>();
        private final List<TokenLogprob> logprobs = new ArrayList<>();
        private final StringBuilder thoughts = new StringBuilder();
        private String type = "";
        private String id = "";
        private String callId = "";
        private String name = "";
        private String arguments = "";
        private String encrypted = "";

        Reader(JsonParser in) {
            this.in = in;
        }

        OutputItem read() {
            for (String field = in.nextName(); field != null; field = in.nextName()) {
                in.nextToken();
                switch (field) {
                    case "type" -> type = JsonValues.string(in, "");
                    case "id" -> id = JsonValues.string(in, "");
                    case "call_id" -> callId = JsonValues.string(in, "");
                    case "name" -> name = JsonValues.string(in, "");
                    case "arguments" -> arguments = JsonValues.text(in);
                    case "encrypted_content" -> encrypted = JsonValues.string(in, "");
                    case "content", "summary" -> array();
                    default -> in.skipChildren();
                }
            }
            return new OutputItem(type, id, parts(), logprobs);
        }

        private List<Part> parts() {
            return switch (type) {
                case "message" -> content;
                case "function_call" -> List.of(new Part.ToolCall(callId, name, arguments));
                case "reasoning" ->
                    thoughts.isEmpty() && encrypted.isEmpty()
                            ? List.of()
                            : List.of(new Part.Reasoning(id, thoughts.toString(), "", encrypted));
                default -> List.of();
            };
        }

        private void array() {
            if (!JsonValues.isArray(in)) {
                return;
            }
            while (in.nextToken() != JsonToken.END_ARRAY) {
                if (JsonValues.isObject(in)) {
                    part();
                }
            }
        }

        private void part() {
            String kind = "";
            String text = "";
            for (String field = in.nextName(); field != null; field = in.nextName()) {
                in.nextToken();
                switch (field) {
                    case "type" -> kind = JsonValues.string(in, "");
                    case "text", "refusal" -> text = JsonValues.string(in, "");
                    case "logprobs" -> logprobs.addAll(LogprobReader.read(in));
                    default -> in.skipChildren();
                }
            }
            switch (kind) {
                case "output_text", "text" -> content.add(new Part.Text(text));
                case "refusal" -> content.add(new Part.Refusal(text));
                case "summary_text", "reasoning_text" ->
                    thoughts.append(thoughts.isEmpty() ? "" : PARAGRAPH).append(text);
                default -> {
                    // a part of a later version
                }
            }
        }
    }
}
