package io.headrace.provider.http;

import io.headrace.admission.ServerLimits;
import io.headrace.admission.ServerLimits.Allowance;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Rate-limit headers of servers in general, which count requests: the IETF draft in its forms ({@code RateLimit: "default";r=50;t=30}
 * with {@code RateLimit-Policy: "default";q=100;w=60}; {@code RateLimit: limit=100, remaining=50, reset=30}; {@code RateLimit-Limit},
 * {@code -Remaining}, {@code -Reset}), and {@code X-RateLimit-Limit}, {@code -Remaining}, {@code -Reset}, whose reset is in seconds
 * or a moment since 1970. Where no window is stated, it is the shortest of a minute, an hour and a day that holds the reset.
 */
final class GenericRateLimits {

    private static final AsciiString RATE_LIMIT = AsciiString.cached("ratelimit");
    private static final AsciiString POLICY = AsciiString.cached("ratelimit-policy");

    /** Prefixes of three headers each. */
    private static final List<Triple> TRIPLES = List.of(Triple.of("ratelimit-"), Triple.of("x-ratelimit-"));

    /** Seconds from which a number is a moment and no delay: 2001. */
    private static final double FIRST_MOMENT = 1e9;

    /** From which a moment is in milliseconds: the year 5138 in seconds. */
    private static final double FIRST_MILLIS = 1e11;

    private record Triple(AsciiString limit, AsciiString remaining, AsciiString reset) {

        static Triple of(String prefix) {
            return new Triple(
                    AsciiString.cached(prefix + "limit"),
                    AsciiString.cached(prefix + "remaining"),
                    AsciiString.cached(prefix + "reset"));
        }
    }

    private GenericRateLimits() {}

    static @Nullable ServerLimits read(HttpHeaders headers, Clock clock) {
        Allowance requests = fields(headers.get(RATE_LIMIT), headers.get(POLICY));
        for (int i = 0; requests == null && i < TRIPLES.size(); i++) {
            requests = triple(headers, TRIPLES.get(i), clock);
        }
        return requests == null ? null : new ServerLimits(requests, null, null, null);
    }

    /** The narrowest of the limits that the structured fields tell of. */
    private static @Nullable Allowance fields(@Nullable String state, @Nullable String policy) {
        if (state == null) {
            return null;
        }
        Map<String, Map<String, String>> states = items(state);
        if (states.containsKey("limit")) {
            return allowance(
                    number(states, "limit"), window(policy), number(states, "remaining"), number(states, "reset"));
        }
        Map<String, Map<String, String>> policies = policy == null ? Map.of() : items(policy);
        Allowance narrowest = null;
        for (Map.Entry<String, Map<String, String>> each : states.entrySet()) {
            Map<String, String> stated = policies.getOrDefault(each.getKey(), Map.of());
            if (stated.getOrDefault("qu", "requests").equals("requests")) {
                Allowance allowance = allowance(
                        RateLimits.whole(stated.get("q")),
                        DurationText.parse(stated.get("w")),
                        RateLimits.whole(each.getValue().get("r")),
                        RateLimits.whole(each.getValue().get("t")));
                narrowest = narrowest == null || (allowance != null && left(allowance) < left(narrowest))
                        ? allowance
                        : narrowest;
            }
        }
        return narrowest;
    }

    private static double left(Allowance allowance) {
        return (double) allowance.remaining() / allowance.limit();
    }

    private static long number(Map<String, Map<String, String>> fields, String name) {
        return RateLimits.whole(fields.getOrDefault(name, Map.of()).get(""));
    }

    private static @Nullable Allowance allowance(
            long limit, @Nullable Duration window, long remaining, long resetSeconds) {
        Duration reset = resetSeconds < 0 ? null : DurationText.ofSeconds((double) resetSeconds);
        return limit < 1 ? null : new Allowance(limit, period(window, reset), remaining, reset);
    }

    private static @Nullable Allowance triple(HttpHeaders headers, Triple names, Clock clock) {
        String text = headers.get(names.limit());
        if (text == null) {
            return null;
        }
        int end = 0;
        while (end < text.length() && Character.isDigit(text.charAt(end))) {
            end++;
        }
        long limit = RateLimits.whole(text.substring(0, end)); // a policy may follow: 100, 100;w=60
        if (limit < 1) {
            return null;
        }
        Duration reset = reset(headers.get(names.reset()), headers, clock);
        Duration window = window(end < text.length() ? text : headers.get(POLICY));
        return new Allowance(limit, period(window, reset), RateLimits.whole(headers.get(names.remaining())), reset);
    }

    private static @Nullable Duration reset(@Nullable String text, HttpHeaders headers, Clock clock) {
        Duration delay = DurationText.parse(text);
        if (text == null || delay == null || delay.compareTo(RateLimits.DAY) < 0) {
            return delay;
        }
        double moment;
        try {
            moment = Double.parseDouble(text.trim());
        } catch (NumberFormatException e) {
            return delay;
        }
        if (moment < FIRST_MOMENT) {
            return delay;
        }
        double millis = moment < FIRST_MILLIS ? moment * 1e3 : moment;
        return DurationText.until(Instant.ofEpochMilli((long) millis), headers, clock);
    }

    private static Duration period(@Nullable Duration window, @Nullable Duration reset) {
        if (window != null && !window.isZero()) {
            return window;
        }
        for (Duration usual : List.of(RateLimits.MINUTE, Duration.ofHours(1))) {
            if (reset == null || reset.compareTo(usual) <= 0) {
                return usual;
            }
        }
        return RateLimits.DAY;
    }

    /** The {@code w} of the first policy that has one. */
    private static @Nullable Duration window(@Nullable String policy) {
        return policy == null
                ? null
                : items(policy).values().stream()
                        .filter(item -> item.containsKey("w"))
                        .findFirst()
                        .map(item -> DurationText.parse(item.get("w")))
                        .orElse(null);
    }

    /**
     * The members of a structured field (RFC 9651) by name, a list's by its items, each with its parameters and, under the empty
     * name, its value. Broken ones become members that nobody asks for.
     */
    private static Map<String, Map<String, String>> items(String field) {
        Map<String, Map<String, String>> items = new LinkedHashMap<>();
        for (String member : field.split(",", -1)) {
            String[] parts = member.split(";", -1);
            int equals = parts[0].indexOf('=');
            String name = bare(equals < 0 ? parts[0] : parts[0].substring(0, equals));
            Map<String, String> parameters = items.computeIfAbsent(name, any -> new HashMap<>());
            if (equals >= 0) {
                parameters.putIfAbsent("", bare(parts[0].substring(equals + 1)));
            }
            for (int i = 1; i < parts.length; i++) {
                put(parameters, parts[i], parts[i].indexOf('='));
            }
        }
        return items;
    }

    private static void put(Map<String, String> parameters, String part, int equals) {
        if (equals > 0) {
            parameters.putIfAbsent(bare(part.substring(0, equals)), bare(part.substring(equals + 1)));
        }
    }

    /** Without blanks and quotes. */
    private static String bare(String text) {
        return text.replace('"', ' ').trim();
    }
}
