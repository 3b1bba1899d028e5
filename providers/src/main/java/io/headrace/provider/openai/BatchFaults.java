package io.headrace.provider.openai;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.provider.http.ErrorBody;
import io.headrace.provider.http.JsonValues;
import io.headrace.provider.http.Verdict;
import java.util.function.UnaryOperator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Why a batch failed as a whole. For one reading; not thread-safe. */
final class BatchFaults {

    private static final int MOST_TOLD = 3;

    private final StringBuilder told = new StringBuilder();
    private int count;
    private String firstCode = "";
    private String firstMessage = "";

    /** Reads the value of {@code errors}. */
    void read(JsonParser in) {
        if (!JsonValues.isObject(in)) {
            return;
        }
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            if (name.equals("data") && JsonValues.isArray(in)) {
                while (in.nextToken() != JsonToken.END_ARRAY) {
                    if (JsonValues.isObject(in)) {
                        one(in);
                    }
                }
            } else {
                in.skipChildren();
            }
        }
    }

    /** Reads the value of {@code error}, where gateways tell it. */
    void readOne(JsonParser in) {
        if (in.currentToken() == JsonToken.VALUE_STRING) {
            add("", in.getString(), 0);
        } else if (JsonValues.isObject(in)) {
            one(in);
        }
    }

    private void one(JsonParser in) {
        String code = "";
        String message = "";
        long line = 0;
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "code" -> code = JsonValues.string(in, "");
                case "message" -> message = JsonValues.string(in, "");
                case "line" -> line = JsonValues.count(in, 0);
                default -> in.skipChildren();
            }
        }
        add(code, message, line);
    }

    private void add(String code, String message, long line) {
        if (count == 0) {
            firstCode = code;
            firstMessage = message;
        }
        if (count++ < MOST_TOLD) {
            told.append(told.isEmpty() ? "" : "; ")
                    .append(line == 0 ? "" : "line " + line + ": ")
                    .append(code)
                    .append(code.isEmpty() || message.isEmpty() ? "" : ": ")
                    .append(message);
        }
    }

    /**
     * The first decides the kind, by the words of online errors; one unknown among those is a fault of the file. No request was worked on, so nothing is billed.
     *
     * @param words makes the provider's words fit for an exception
     */
    ApiException problem(String batch, UnaryOperator<String> words) {
        Verdict verdict = OpenAiErrors.byWords(new ErrorBody(firstMessage, "", firstCode, "", "", ""));
        ErrorKind kind = verdict == null ? ErrorKind.INVALID_REQUEST : verdict.kind();
        int more = count - MOST_TOLD;
        String why = words.apply(told.toString());
        return ApiException.builder(
                        kind,
                        "openai batch " + batch + " failed: " + (why.isEmpty() ? "no reason given" : why)
                                + (more > 0 ? "; and " + more + " more" : ""))
                .delivery(Delivery.REFUSED)
                .build();
    }
}
