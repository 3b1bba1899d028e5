package io.headrace.provider.http;

import io.headrace.admission.ServerLimits;
import io.headrace.admission.ServerLimits.Allowance;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Reads what the head of an answer tells of rate limits, in the words of OpenAI and those who follow it, of Anthropic, or of anyone
 * ({@link GenericRateLimits}). A part that is missing, malformed or absurd is left out; nothing here fails. Where there is no such
 * header it costs some look-ups.
 */
final class RateLimits {

    private static final Duration MILLI = Duration.ofMillis(1);
    private static final Duration SECOND = Duration.ofSeconds(1);
    static final Duration MINUTE = Duration.ofMinutes(1);
    static final Duration DAY = Duration.ofDays(1);

    /** Refilling in less time than this is by the minute, in more by the day: halfway between them, in factors. */
    private static final double MINUTE_OR_DAY_SECONDS = Math.sqrt(60.0 * 86_400);

    private static final Headers OPENAI_REQUESTS = Headers.ofOpenAi("requests");
    private static final Headers OPENAI_TOKENS = Headers.ofOpenAi("tokens");
    private static final Headers OPENAI_PROJECT_TOKENS = Headers.ofOpenAi("project-tokens");
    private static final Headers ANTHROPIC_REQUESTS = Headers.ofAnthropic("requests");
    private static final Headers ANTHROPIC_TOKENS = Headers.ofAnthropic("tokens");
    private static final Headers ANTHROPIC_INPUT = Headers.ofAnthropic("input-tokens");
    private static final Headers ANTHROPIC_OUTPUT = Headers.ofAnthropic("output-tokens");

    /** The three headers of one limit. */
    private record Headers(AsciiString limit, AsciiString remaining, AsciiString reset) {

        static Headers ofOpenAi(String name) {
            String start = "x-ratelimit-";
            return new Headers(
                    AsciiString.cached(start + "limit-" + name),
                    AsciiString.cached(start + "remaining-" + name),
                    AsciiString.cached(start + "reset-" + name));
        }

        static Headers ofAnthropic(String name) {
            String start = "anthropic-ratelimit-" + name;
            return new Headers(
                    AsciiString.cached(start + "-limit"),
                    AsciiString.cached(start + "-remaining"),
                    AsciiString.cached(start + "-reset"));
        }
    }

    private RateLimits() {}

    /**
     * What {@code headers} tell, null if nothing.
     *
     * @param clock for resets that are instants, where the server does not tell its own time
     */
    static @Nullable ServerLimits read(HttpHeaders headers, Clock clock) {
        ServerLimits limits = openAi(headers);
        if (limits == null) {
            limits = anthropic(headers, clock);
        }
        return limits == null ? GenericRateLimits.read(headers, clock) : limits;
    }

    private static @Nullable ServerLimits openAi(HttpHeaders headers) {
        Allowance requests = openAi(headers, OPENAI_REQUESTS);
        Allowance tokens = narrower(openAi(headers, OPENAI_TOKENS), openAi(headers, OPENAI_PROJECT_TOKENS));
        return requests == null && tokens == null ? null : new ServerLimits(requests, tokens, null, null);
    }

    private static @Nullable Allowance openAi(HttpHeaders headers, Headers names) {
        long limit = whole(headers.get(names.limit()));
        if (limit < 1) {
            return null;
        }
        long remaining = whole(headers.get(names.remaining()));
        Duration reset = DurationText.parse(headers.get(names.reset()));
        return new Allowance(limit, period(limit, remaining, reset), remaining, reset);
    }

    /**
     * The period of a limit. Lower tiers have limits by the day in the same headers; the time until everything is back tells which it
     * is. The server may have rounded that time up, by a millisecond, or by a second where it is whole seconds.
     */
    private static Duration period(long limit, long remaining, @Nullable Duration reset) {
        long taken = limit - remaining;
        if (remaining < 0 || taken < 1 || reset == null) {
            return MINUTE;
        }
        double atLeast = reset.minus(reset.toNanosPart() == 0 ? SECOND : MILLI).toNanos() / 1e9;
        double seconds = atLeast * limit / taken;
        return seconds < MINUTE_OR_DAY_SECONDS ? MINUTE : DAY;
    }

    /** The limit of the organization or that of the project. */
    private static @Nullable Allowance narrower(@Nullable Allowance one, @Nullable Allowance other) {
        if (one == null || other == null) {
            return one == null ? other : one;
        }
        return perSecond(one) <= perSecond(other) ? one : other;
    }

    private static double perSecond(Allowance allowance) {
        return (double) allowance.limit() / allowance.period().toSeconds();
    }

    private static @Nullable ServerLimits anthropic(HttpHeaders headers, Clock clock) {
        Allowance requests = anthropic(headers, ANTHROPIC_REQUESTS, clock);
        Allowance input = anthropic(headers, ANTHROPIC_INPUT, clock);
        Allowance output = anthropic(headers, ANTHROPIC_OUTPUT, clock);
        Allowance tokens = anthropic(headers, ANTHROPIC_TOKENS, clock);
        if (tokens != null && (isSame(tokens, input) || isSame(tokens, output))) {
            tokens = null; // it repeats the narrowest of the others, and is no limit of both together
        }
        return requests == null && tokens == null && input == null && output == null
                ? null
                : new ServerLimits(requests, tokens, input, output);
    }

    private static @Nullable Allowance anthropic(HttpHeaders headers, Headers names, Clock clock) {
        long limit = whole(headers.get(names.limit()));
        if (limit < 1) {
            return null;
        }
        Instant full = DurationText.instant(headers.get(names.reset()));
        Duration reset = full == null ? null : DurationText.until(full, headers, clock);
        return new Allowance(limit, MINUTE, whole(headers.get(names.remaining())), reset);
    }

    private static boolean isSame(Allowance one, @Nullable Allowance other) {
        return other != null && one.limit() == other.limit();
    }

    /** A whole number from 0 on, -1 for anything else. */
    static long whole(@Nullable String text) {
        if (text == null) {
            return -1;
        }
        try {
            return Math.max(-1, Long.parseLong(text.trim()));
        } catch (NumberFormatException e) {
            return -1;
        }
    }
}
