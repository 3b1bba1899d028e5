package io.headrace.provider;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** Makes wrong answers of a right one: valid JSON with a value, a member or an event that does not belong there. */
final class MutatedAnswers {

    private static final JsonFactory JSON = new JsonFactory();

    private static final List<String> VALUES = List.of(
            "null",
            "true",
            "0",
            "-1",
            "1.5",
            "-1e999",
            "2147483647",
            "2147483648",
            "9007199254740993",
            "9223372036854775807",
            "9223372036854775808",
            "9".repeat(400),
            "9".repeat(2_000),
            "1e-" + "9".repeat(12),
            "1e" + "9".repeat(12),
            "\"\"",
            "\" \"",
            "\"error\"",
            "\"failed\"",
            "\"x{\\\"\"",
            "\"half \\ud83d\"",
            "\"\\u0000\"",
            "[]",
            "{}",
            "[null]",
            "[[[]]]",
            "[{}]",
            "[{},5,{\"a\":1}]",
            "{\"type\":5,\"message\":{},\"index\":\"a\"}",
            "[".repeat(300) + "]".repeat(300),
            "{\"error\":".repeat(300) + "1" + "}".repeat(300),
            "[".repeat(2_000) + "]".repeat(2_000));

    private MutatedAnswers() {}

    /** A value and the member that it is the value of, by their first characters and those behind; the member is empty in an array. */
    private record Place(int member, int value, int end) {}

    /** Every value of {@code json} in turn as each of the wrong ones, gone, and there twice. */
    static List<String> of(String json) {
        List<String> wrong = new ArrayList<>();
        for (Place place : places(json)) {
            for (String value : VALUES) {
                wrong.add(json.substring(0, place.value) + value + json.substring(place.end));
                if (place.member < place.value && VALUES.indexOf(value) % 5 == 0) {
                    wrong.add(json.substring(0, place.end) + "," + json.substring(place.member, place.value) + value
                            + json.substring(place.end));
                }
            }
            if (place.member < place.value) {
                wrong.add(json.substring(0, place.member) + "\"gone\":" + json.substring(place.value));
                wrong.add(json.substring(0, place.end) + "," + json.substring(place.member, place.end)
                        + json.substring(place.end));
            } else {
                wrong.add(json.substring(0, place.end) + "," + json.substring(place.value, place.end)
                        + json.substring(place.end));
            }
        }
        return wrong;
    }

    /** {@code json} with several values wrong, so many. */
    static List<String> of(String json, int count, Random random) {
        List<String> wrong = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String next = json;
            for (int more = 2 + random.nextInt(3); more > 0; more--) {
                List<Place> places = places(next);
                if (places.isEmpty()) {
                    break;
                }
                Place place = places.get(random.nextInt(places.size()));
                String value = VALUES.get(random.nextInt(VALUES.size() - 1)); // not the deep one, which ends it all
                next = next.substring(0, place.value) + value + next.substring(place.end);
            }
            wrong.add(next);
        }
        return wrong;
    }

    /** Streams of which one event is wrong, gone, there twice, before the one before it, or a strange one. */
    static List<String> ofStream(String stream) {
        List<String> events = events(stream);
        List<String> wrong = new ArrayList<>();
        for (int i = 0; i < events.size(); i++) {
            String event = events.get(i);
            int at = event.indexOf("data: ") + 6;
            if (event.startsWith("{", at)) {
                for (String data : of(event.substring(at))) {
                    wrong.add(stream(with(events, i, event.substring(0, at) + data)));
                }
            }
            for (String data : VALUES) {
                wrong.add(stream(with(events, i, event.substring(0, Math.max(at, 0)) + data)));
            }
            wrong.add(stream(with(events, i, event + "\n\n" + event)));
            wrong.add(stream(with(events, i, event.substring(0, event.length() / 2))));
            wrong.add(stream(with(events, i, "event: strange\n" + event.substring(event.indexOf("data:")))));
            wrong.add(stream(with(events, i, "event: error\n" + event.substring(event.indexOf("data:")))));
            wrong.add(stream(with(events, i, "event:\ndata:\n\n" + event)));
            wrong.add(stream(with(events, i, "data: [DONE]\n\n" + event)));
            wrong.add(stream(with(events, i, "data: {\"error\":null}\n\n" + event)));
            wrong.add(stream(with(events, i, "data: {\"error\":{}}\n\n" + event)));
            List<String> without = new ArrayList<>(events);
            without.remove(i);
            wrong.add(stream(without));
            without.add(Math.max(0, i - 1), event);
            wrong.add(stream(without));
        }
        return wrong;
    }

    /** Streams with several events wrong and out of order, so many. */
    static List<String> ofStream(String stream, int count, Random random) {
        List<String> wrong = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            List<String> events = events(stream);
            for (int more = 1 + random.nextInt(4); more > 0; more--) {
                int from = random.nextInt(events.size());
                String event = events.get(from);
                int at = event.indexOf('{');
                if (at >= 0 && random.nextBoolean()) {
                    events.set(
                            from,
                            event.substring(0, at)
                                    + of(event.substring(at), 1, random).get(0));
                } else {
                    events.add(random.nextInt(events.size()), events.remove(from));
                }
            }
            wrong.add(stream(events));
        }
        return wrong;
    }

    private static List<String> events(String stream) {
        List<String> events = new ArrayList<>();
        for (String event : stream.split("\n\n", -1)) {
            if (event.contains("data:")) {
                events.add(event);
            }
        }
        return events;
    }

    private static List<String> with(List<String> events, int at, String event) {
        List<String> changed = new ArrayList<>(events);
        changed.set(at, event);
        return changed;
    }

    private static String stream(List<String> events) {
        return events.stream().map(event -> event + "\n\n").collect(Collectors.joining());
    }

    /** Of ASCII, so that bytes are characters. */
    private static List<Place> places(String json) {
        byte[] bytes = json.getBytes(StandardCharsets.ISO_8859_1);
        List<Place> places = new ArrayList<>();
        try (JsonParser in = JSON.createParser(ObjectReadContext.empty(), bytes)) {
            List<int[]> open = new ArrayList<>();
            int member = -1;
            for (JsonToken token = in.nextToken(); token != null; token = in.nextToken()) {
                int start = (int) in.currentTokenLocation().getByteOffset();
                if (token == JsonToken.PROPERTY_NAME) {
                    in.finishToken();
                    member = start;
                } else if (token.isStructStart()) {
                    open.add(new int[] {member < 0 ? start : member, start});
                    member = -1;
                } else if (token.isStructEnd()) {
                    int[] begun = open.remove(open.size() - 1);
                    places.add(new Place(begun[0], begun[1], start + 1));
                    member = -1;
                } else {
                    in.finishToken();
                    int end = (int) in.currentLocation().getByteOffset();
                    places.add(new Place(member < 0 ? start : member, start, end));
                    member = -1;
                }
            }
        } catch (tools.jackson.core.JacksonException e) {
            return List.of();
        }
        return places;
    }
}
