package io.headrace.provider.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.admission.ServerLimits;
import io.headrace.admission.ServerLimits.Allowance;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaders;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RateLimitsTest {

    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-11-22T00:00:00Z"), ZoneOffset.UTC);

    private static HttpHeaders headers(String... namesAndValues) {
        HttpHeaders headers = new DefaultHttpHeaders();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            headers.add(namesAndValues[i], namesAndValues[i + 1]);
        }
        return headers;
    }

    private static @Nullable ServerLimits read(String... namesAndValues) {
        return RateLimits.read(headers(namesAndValues), CLOCK);
    }

    private static ServerLimits requests(long limit, Duration period, long remaining, @Nullable Duration reset) {
        return new ServerLimits(new Allowance(limit, period, remaining, reset), null, null, null);
    }

    @Test
    void openAi_tellsOfRequestsAndTokens() {
        assertThat(read(
                        "X-RateLimit-Limit-Requests", "60",
                        "x-ratelimit-remaining-requests", "59",
                        "x-ratelimit-reset-requests", "1s",
                        "x-ratelimit-limit-tokens", "150000",
                        "x-ratelimit-remaining-tokens", "149984",
                        "x-ratelimit-reset-tokens", "6ms"))
                .isEqualTo(new ServerLimits(
                        new Allowance(60, MINUTE, 59, Duration.ofSeconds(1)),
                        new Allowance(150_000, MINUTE, 149_984, Duration.ofMillis(6)),
                        null,
                        null));
    }

    @Test
    void limitsByTheDay_areKnownByTheirSlowReturn() {
        assertThat(read(
                        "x-ratelimit-limit-requests", "200",
                        "x-ratelimit-remaining-requests", "199",
                        "x-ratelimit-reset-requests", "7m12s"))
                .isEqualTo(requests(200, Duration.ofDays(1), 199, Duration.ofSeconds(432)));
        assertThat(read(
                        "x-ratelimit-limit-requests", "10000",
                        "x-ratelimit-remaining-requests", "9999",
                        "x-ratelimit-reset-requests", "8.64s"))
                .isEqualTo(requests(10_000, Duration.ofDays(1), 9_999, Duration.ofMillis(8_640)));
        // nothing left of a minute takes a minute
        assertThat(read(
                        "x-ratelimit-limit-requests", "200",
                        "x-ratelimit-remaining-requests", "0",
                        "x-ratelimit-reset-requests", "60s"))
                .isEqualTo(requests(200, MINUTE, 0, MINUTE));
        // a small burst of a fast limit
        assertThat(read(
                        "x-ratelimit-limit-requests", "600",
                        "x-ratelimit-remaining-requests", "9",
                        "x-ratelimit-reset-requests", "100ms"))
                .isEqualTo(requests(600, MINUTE, 9, Duration.ofMillis(100)));
    }

    @Test
    void roundedResets_makeNoDayOfAMinute() {
        assertThat(read(
                        "x-ratelimit-limit-requests", "30000",
                        "x-ratelimit-remaining-requests", "29999",
                        "x-ratelimit-reset-requests", "1s"))
                .isEqualTo(requests(30_000, MINUTE, 29_999, Duration.ofSeconds(1)));
        assertThat(read(
                        "x-ratelimit-limit-requests", "150000000",
                        "x-ratelimit-remaining-requests", "149999999",
                        "x-ratelimit-reset-requests", "1ms"))
                .isEqualTo(requests(150_000_000, MINUTE, 149_999_999, Duration.ofMillis(1)));
    }

    @Test
    void limitOfAProject_rulesWhereItIsNarrower() {
        ServerLimits limits = read(
                "x-ratelimit-limit-tokens", "150000",
                "x-ratelimit-remaining-tokens", "149984",
                "x-ratelimit-limit-project-tokens", "60000",
                "x-ratelimit-remaining-project-tokens", "57000",
                "x-ratelimit-reset-project-tokens", "3s");
        assertThat(limits)
                .isEqualTo(new ServerLimits(
                        null, new Allowance(60_000, MINUTE, 57_000, Duration.ofSeconds(3)), null, null));
    }

    @Test
    void anthropic_tellsOfFour_butTokensThatRepeatAnother_sayNothing() {
        String[] all = {
            "anthropic-ratelimit-requests-limit", "50",
            "anthropic-ratelimit-requests-remaining", "49",
            "anthropic-ratelimit-requests-reset", "2026-11-22T00:00:02Z",
            "anthropic-ratelimit-input-tokens-limit", "30000",
            "anthropic-ratelimit-input-tokens-remaining", "29000",
            "anthropic-ratelimit-input-tokens-reset", "2026-11-22T00:00:25Z",
            "anthropic-ratelimit-output-tokens-limit", "8000",
            "anthropic-ratelimit-output-tokens-remaining", "7000",
            "anthropic-ratelimit-output-tokens-reset", "2026-11-21T23:59:00Z",
            "anthropic-ratelimit-tokens-limit", "8000",
            "anthropic-ratelimit-tokens-remaining", "7000",
            "anthropic-ratelimit-tokens-reset", "2026-11-22T00:00:10Z"
        };
        Allowance requests = new Allowance(50, MINUTE, 49, Duration.ofSeconds(2));
        Allowance input = new Allowance(30_000, MINUTE, 29_000, Duration.ofSeconds(25));
        Allowance output = new Allowance(8_000, MINUTE, 7_000, Duration.ZERO);
        assertThat(read(all)).isEqualTo(new ServerLimits(requests, null, input, output));
        all[19] = "20000"; // a limit of the workspace, on both together
        assertThat(read(all))
                .isEqualTo(new ServerLimits(
                        requests, new Allowance(20_000, MINUTE, 7_000, Duration.ofSeconds(10)), input, output));
    }

    @Test
    void instants_countFromTheServersOwnTime_whereItTells() {
        ServerLimits limits = read(
                "date", "Sun, 22 Nov 2026 01:00:00 GMT",
                "anthropic-ratelimit-requests-limit", "50",
                "anthropic-ratelimit-requests-reset", "2026-11-22T01:00:07Z");
        assertThat(limits).isEqualTo(requests(50, MINUTE, -1, Duration.ofSeconds(7)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            RateLimit|"default";r=50;t=30|RateLimit-Policy|"default";q=100;w=120|100|120|50|30
            RateLimit|limit=100, remaining=50, reset=30|RateLimit-Policy|100;w=120|100|120|50|30
            RateLimit|limit=100, remaining=50, reset=30|x|x|100|60|50|30
            RateLimit|"a";r=50;t=3, "b";r=10;t=30|RateLimit-Policy|"a";q=100;w=10,"b";q=60;w=60|60|60|10|30
            RateLimit|"a";r=5;t=3, "b";r=10;t=30|RateLimit-Policy|"a";q=9;qu="content-bytes", "b";q=60;w=60|60|60|10|30
            RateLimit-Limit|100, 100;w=10|RateLimit-Remaining|7|100|10|7|
            X-RateLimit-Limit|100|X-RateLimit-Remaining|7|100|60|7|
            X-RateLimit-Limit|100|X-RateLimit-Reset|30|100|60|-1|30
            X-RateLimit-Limit|5000|X-RateLimit-Reset|2000|5000|3600|-1|2000
            X-RateLimit-Limit|50|X-RateLimit-Reset|1795305630|50|60|-1|30
            X-RateLimit-Limit|50|X-RateLimit-Reset|1795305630000|50|60|-1|30
            X-RateLimit-Limit|50|X-RateLimit-Reset|1795342800|50|86400|-1|37200
            """)
    void otherServers_areUnderstood(
            String name,
            String value,
            String second,
            String secondValue,
            long limit,
            long periodSeconds,
            long remaining,
            @Nullable Long resetSeconds) {
        assertThat(read(name, value, second, secondValue))
                .isEqualTo(requests(
                        limit,
                        Duration.ofSeconds(periodSeconds),
                        remaining,
                        resetSeconds == null ? null : Duration.ofSeconds(resetSeconds)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            content-type|application/json
            x-ratelimit-limit-requests|-1
            x-ratelimit-limit-requests|0
            x-ratelimit-limit-requests|many
            x-ratelimit-limit-requests|99999999999999999999
            x-ratelimit-remaining-requests|5
            anthropic-ratelimit-requests-limit|
            anthropic-ratelimit-requests-reset|2026-11-22T00:00:02Z
            RateLimit|"default";r=50;t=30
            RateLimit|;;;===,,,"
            RateLimit-Limit|;w=10
            X-RateLimit-Limit|unlimited
            """)
    void whatSaysNothing_isIgnored(String name, @Nullable String value) {
        assertThat(read(name, value == null ? "" : value)).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "6m0s, 360000",
        "1h2m3s, 3723000",
        "8.64s, 8640",
        "120ms, 120",
        "0s, 0",
        "17, 17000",
        "1.5, 1500",
        "2500us, 2.5",
        "1000\u00b5s, 1",
        "1000\u00c2\u00b5s, 1", // UTF-8, of which Netty makes a character of each byte
        "1000\u00ce\u00bcs, 1",
        "1000000ns, 1",
        "' 1s ', 1000",
        "999999999h, 31536000000"
    })
    void durations_areReadInAllTheirForms(String text, double millis) {
        assertThat(DurationText.parse(text)).isEqualTo(Duration.ofNanos(Math.round(millis * 1e6)));
    }

    @ParameterizedTest
    @CsvSource({"''", "s", "1s2", "1.2.3s", "-1s", "1d", "soon", "1 s", "1e3s", "."})
    void durationsThatAreNone_areNull(String text) {
        assertThat(DurationText.parse(text)).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "2026-11-22T00:00:02Z, 2026-11-22T00:00:02Z",
        "2026-11-22T00:00:02.5Z, 2026-11-22T00:00:02.500Z",
        "2026-11-22T01:00:02+01:00, 2026-11-22T00:00:02Z",
        "2026-13-22T00:00:02Z,",
        "2026-11-22T00:00:0xZ,",
        "2026-11-22,",
        "tomorrow,"
    })
    void instants_areReadInTheFormsOfRfc3339(String text, @Nullable Instant instant) {
        assertThat(DurationText.instant(text)).isEqualTo(instant);
    }

    @Test
    void rubbish_neverFails() {
        List<String> names = List.of(
                "x-ratelimit-limit-requests",
                "x-ratelimit-remaining-requests",
                "x-ratelimit-reset-requests",
                "anthropic-ratelimit-tokens-limit",
                "anthropic-ratelimit-tokens-reset",
                "ratelimit",
                "ratelimit-policy",
                "ratelimit-limit",
                "ratelimit-reset",
                "x-ratelimit-limit",
                "x-ratelimit-reset",
                "date");
        List<String> pieces = List.of(
                "1",
                "0",
                "-",
                "60",
                "9223372036854775807",
                "1e400",
                ".",
                "s",
                "ms",
                "h",
                ";",
                "=",
                ",",
                "\"",
                "q=",
                "w=0",
                "w=",
                "r=1",
                "t=",
                "limit=",
                "default",
                "Z",
                "T",
                "2026-11-22T00:00:00Z",
                "+99:99",
                " ",
                "\u00b5",
                "NaN");
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < 50_000; i++) {
            HttpHeaders headers = DefaultHttpHeadersFactory.headersFactory()
                    .withValidation(false)
                    .newHeaders();
            for (int j = random.nextInt(4); j >= 0; j--) {
                StringBuilder value = new StringBuilder();
                for (int k = random.nextInt(6); k > 0; k--) {
                    value.append(pieces.get(random.nextInt(pieces.size())));
                }
                headers.set(names.get(random.nextInt(names.size())), value.toString());
            }
            RateLimits.read(headers, CLOCK);
        }
    }
}
