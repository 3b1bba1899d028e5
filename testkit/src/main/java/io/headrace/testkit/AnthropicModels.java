package io.headrace.testkit;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/** The list of Anthropic's models, page by page, and each of them. */
final class AnthropicModels {

    private static final String PATH = "/v1/models";
    private static final int MOST = 1_000;
    private static final Pattern DATE = Pattern.compile("-(\\d{4})(\\d{2})(\\d{2})$");

    private AnthropicModels() {}

    /** Whether a request to a path that both wires have is for this one. */
    static boolean isMeant(HttpHeaders headers) {
        return headers.contains("anthropic-version") || headers.contains("x-api-key");
    }

    static Question read(String uri, HttpHeaders headers) {
        QueryStringDecoder asked = new QueryStringDecoder(uri);
        String rest = asked.path().substring(PATH.length());
        boolean hasVersion = !headers.get("anthropic-version", "").isBlank();
        return rest.length() > 1 ? new One(rest.substring(1), hasVersion) : new Page(asked, hasVersion);
    }

    private record One(String model, boolean hasVersion) implements Question {

        @Override
        public Wire.@Nullable Problem problem() {
            return hasVersion ? null : AnthropicRequest.VERSION_MISSING;
        }

        @Override
        public Content answer(Occasion occasion) {
            return Content.whole(Json.write(json -> write(model, json)));
        }
    }

    private record Page(QueryStringDecoder asked, boolean hasVersion) implements Question {

        @Override
        public String model() {
            return "";
        }

        @Override
        public Wire.@Nullable Problem problem() {
            if (!hasVersion) {
                return AnthropicRequest.VERSION_MISSING;
            }
            return limit() < 1 || limit() > MOST
                    ? Wire.Problem.invalid("limit: Input should be a number from 1 to " + MOST)
                    : null;
        }

        @Override
        public Content answer(Occasion occasion) {
            List<String> all = occasion.models().isEmpty()
                    ? ModelNames.snapshots("claude-")
                    : occasion.models().stream().sorted().toList();
            int after = all.indexOf(parameter("after_id")) + 1;
            int before = all.indexOf(parameter("before_id"));
            int to = before < 0 ? Math.min(all.size(), after + limit()) : before;
            int from = before < 0 ? after : Math.max(0, before - limit());
            List<String> page = all.subList(from, to);
            return Content.whole(Json.write(json -> {
                json.writeStartObject();
                json.writeArrayPropertyStart("data");
                page.forEach(model -> write(model, json));
                json.writeEndArray();
                json.writeBooleanProperty("has_more", before < 0 ? to < all.size() : from > 0);
                json.writeStringProperty("first_id", page.isEmpty() ? null : page.get(0));
                json.writeStringProperty("last_id", page.isEmpty() ? null : page.get(page.size() - 1));
                json.writeEndObject();
            }));
        }

        private int limit() {
            try {
                String limit = parameter("limit");
                return limit.isEmpty() ? 20 : Integer.parseInt(limit);
            } catch (NumberFormatException e) {
                return 0;
            }
        }

        private String parameter(String name) {
            return asked.parameters().getOrDefault(name, List.of("")).get(0);
        }
    }

    private static void write(String model, JsonGenerator json) {
        Matcher date = DATE.matcher(model);
        String name = date.replaceFirst("");
        json.writeStartObject();
        json.writeStringProperty("type", "model");
        json.writeStringProperty("id", model);
        json.writeStringProperty(
                "display_name",
                Arrays.stream(name.split("-", -1))
                        .filter(word -> !word.isEmpty())
                        .map(word -> Character.toUpperCase(word.charAt(0)) + word.substring(1))
                        .collect(Collectors.joining(" ")));
        json.writeStringProperty(
                "created_at",
                date.reset().find()
                        ? date.group(1) + "-" + date.group(2) + "-" + date.group(3) + "T00:00:00Z"
                        : "2025-01-01T00:00:00Z");
        json.writeStringProperty("lifecycle", "active");
        json.writeEndObject();
    }
}
