package io.headrace.provider.http;

import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * The body of an error answer, in whatever shape: {@code error} as an object or a string, a flat object with {@code message},
 * FastAPI's {@code detail}, one of these in an array, HTML, plain text or nothing. Absent parts are empty.
 *
 * @param message the server's words, unbounded and not yet fit for an exception
 * @param type the class of the error, such as {@code invalid_request_error}
 * @param code the exact error, such as {@code model_not_found}, or a number as text
 * @param param the field of the request that is at fault
 * @param detailCode a code from further inside: Anthropic's {@code details.error_code}, Azure's {@code innererror.code}
 * @param requestId the request's id, where the body has it
 */
public record ErrorBody(String message, String type, String code, String param, String detailCode, String requestId) {

    private static final int LONGEST_TEXT = 16 << 10;

    /** Reads the body of {@code answer}; never fails. */
    static ErrorBody of(HttpAnswer answer) {
        Reader reader = new Reader();
        try (JsonParser in = Json.parser(answer)) {
            JsonToken token = in.nextToken();
            if (token == JsonToken.START_ARRAY) {
                token = in.nextToken();
            }
            if (token == JsonToken.START_OBJECT) {
                reader.object(in, true);
            } else if (token == JsonToken.VALUE_STRING) {
                reader.message = in.getString();
            } else if (token != null) {
                reader.message = answer.text(LONGEST_TEXT);
            }
        } catch (JacksonException e) {
            // not JSON, or cut: keep what was read, else show the text
            if (reader.message.isEmpty()) {
                reader.message = answer.text(LONGEST_TEXT);
            }
        }
        return reader.result();
    }

    /** {@link #code} as an HTTP status of an error, as gateways write it into a 200; 0 if it is none. */
    public int codeAsStatus() {
        return code.length() == 3 && code.chars().allMatch(c -> c >= '0' && c <= '9') && code.charAt(0) >= '4'
                ? Integer.parseInt(code)
                : 0;
    }

    private static final class Reader {

        private String message = "";
        private String type = "";
        private String code = "";
        private String param = "";
        private String detailCode = "";
        private String requestId = "";

        ErrorBody result() {
            return new ErrorBody(message, type, code, param, detailCode, requestId);
        }

        void object(JsonParser in, boolean top) {
            for (String name = in.nextName(); name != null; name = in.nextName()) {
                JsonToken value = in.nextToken();
                switch (name) {
                    // a failed answer of OpenAI's Responses holds its error further inside
                    case "error", "response" -> error(in, value);
                    case "message" -> message = text(in, value, message);
                    case "type" -> type = top && !type.isEmpty() ? skip(in, type) : text(in, value, type);
                    case "code" -> code = text(in, value, code);
                    case "param" -> param = text(in, value, param);
                    case "request_id" -> requestId = text(in, value, requestId);
                    case "detail" -> message = detail(in, value);
                    case "details", "innererror" -> inner(in, value);
                    case "choices" -> choices(in, value);
                    default -> in.skipChildren();
                }
            }
        }

        /** Gateways write the error of a model that broke off into its choice. */
        private void choices(JsonParser in, JsonToken value) {
            if (value != JsonToken.START_ARRAY) {
                in.skipChildren();
                return;
            }
            while (in.nextToken() == JsonToken.START_OBJECT) {
                for (String name = in.nextName(); name != null; name = in.nextName()) {
                    JsonToken part = in.nextToken();
                    if (name.equals("error")) {
                        error(in, part);
                    } else {
                        in.skipChildren();
                    }
                }
            }
        }

        private void error(JsonParser in, JsonToken value) {
            if (value == JsonToken.START_OBJECT) {
                type = "";
                object(in, false);
            } else {
                message = text(in, value, message);
            }
        }

        /** FastAPI: a string, or a list of faults whose {@code input} repeats the request, so it is left out. */
        private String detail(JsonParser in, JsonToken value) {
            if (value != JsonToken.START_ARRAY) {
                return text(in, value, message);
            }
            StringBuilder faults = new StringBuilder();
            while (in.nextToken() == JsonToken.START_OBJECT) {
                String where = "";
                String what = "";
                for (String name = in.nextName(); name != null; name = in.nextName()) {
                    JsonToken part = in.nextToken();
                    switch (name) {
                        case "loc" -> where = path(in, part);
                        case "msg" -> what = text(in, part, "");
                        default -> in.skipChildren();
                    }
                }
                faults.append(faults.isEmpty() ? "" : "; ")
                        .append(where)
                        .append(where.isEmpty() ? "" : ": ")
                        .append(what);
            }
            return faults.toString();
        }

        private static String path(JsonParser in, JsonToken value) {
            if (value != JsonToken.START_ARRAY) {
                return text(in, value, "");
            }
            StringBuilder path = new StringBuilder();
            for (JsonToken part = in.nextToken(); part != null && part != JsonToken.END_ARRAY; part = in.nextToken()) {
                path.append(path.isEmpty() ? "" : ".").append(text(in, part, ""));
            }
            return path.toString();
        }

        private void inner(JsonParser in, JsonToken value) {
            if (value != JsonToken.START_OBJECT) {
                in.skipChildren();
                return;
            }
            for (String name = in.nextName(); name != null; name = in.nextName()) {
                JsonToken part = in.nextToken();
                if (name.equals("error_code") || name.equals("code")) {
                    detailCode = text(in, part, detailCode);
                } else {
                    in.skipChildren();
                }
            }
        }

        private static String skip(JsonParser in, String kept) {
            in.skipChildren();
            return kept;
        }

        private static String text(JsonParser in, JsonToken value, String otherwise) {
            if (value.isScalarValue() && value != JsonToken.VALUE_NULL) {
                return in.getString();
            }
            return skip(in, otherwise);
        }
    }
}
