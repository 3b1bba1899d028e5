package io.headrace.provider.openai;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.provider.http.LoopbackServer.Reply;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How long a refusal asks to wait, in headers and in words. */
class OpenAiWaitsTest extends OpenAiOverLoopback {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "retry-after-ms|1500|retry-after|9|PT1.5S",
                "retry-after|7|x|y|PT7S",
                "retry-after|0.25|x|y|PT0.25S",
                "retry-after|Sun, 22 Nov 2026 00:00:30 GMT|x|y|PT30S",
                "retry-after-ms|oops|retry-after|3|PT3S",
                "retry-after|1e7|x|y|PT10000000S",
                "retry-after|Infinity, 5|x|y|PT5S",
                "retry-after-ms|Infinity|retry-after|3|PT3S",
                "retry-after|2|retry-after|5|PT5S",
                "retry-after|5, 2|x|y|PT5S",
                "retry-after|soon|retry-after|5|PT5S",
                "retry-after-ms|200, 100|retry-after|9|PT0.2S",
                "retry-after|Sun, 22 Nov 2026 01:00:30 GMT|date|Sun, 22 Nov 2026 01:00:00 GMT|PT30S",
                "retry-after|Sat, 21 Nov 2026 23:00:30 GMT|date|Sat, 21 Nov 2026 23:00:00 GMT|PT30S",
            })
    void retryAfter_isRead(String name, String value, String otherName, String otherValue, Duration expected) {
        server.next(new Reply(429, "{}", name, value, otherName, otherValue));

        assertThat(fail(ask("hello")).retryAfter()).hasValue(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "-1",
                "NaN",
                "soon",
                "Sat, 21 Nov 2026 00:00:00 GMT",
                "Infinity",
                "1e300",
                "31536000",
                "1795305600",
                "Fri, 31 Dec 9999 23:59:59 GMT"
            })
    void retryAfterThatMeansNothing_isNone(String value) {
        server.next(new Reply(429, "{}", "retry-after", value));

        assertThat(fail(ask("hello")).retryAfter()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Limit 200000, Used 150974, Requested 53621. Please try again in 1.898s. Visit https://|PT1.898S",
                "Please try again in 608ms.|PT0.608S",
                "Please try again in 6m0s.|PT6M",
                "please try again in 1h2m3s|PT1H2M3S",
                "Please try again in 20s (see https://x/1).|PT20S",
                "Please retry after 37 seconds. To raise the limit, ask.|PT37S",
                "Try again in 1 minute|PT1M",
                "Please try again in 0s.|PT0S",
                "Please try again in 8759h|PT8759H",
            })
    void waitInWords_isReadWhereNoHeaderSaysIt(String words, Duration expected) {
        server.next(new Reply(429, rateLimited(words)));
        assertThat(fail(ask("hello")).retryAfter()).hasValue(expected);
        server.next(new Reply(429, rateLimited(words), "retry-after", "2"));
        assertThat(fail(ask("hello")).retryAfter()).hasValue(Duration.ofSeconds(2));
        server.next(new Reply(503, rateLimited(words)));
        assertThat(fail(ask("hello")).retryAfter()).hasValue(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Please try again in a few seconds.",
                "Please try again in 5.",
                "Please try again in 5m30",
                "Please try again in 1,500ms",
                "Please try again in 1.2.3s",
                "Please try again in 1e3s",
                "Please try again in -5s",
                "Please try again in 10 days",
                "Please try again in 3secs",
                "Please try again in 5S",
                "Please try again in 2s.5",
                "Please try again in 12345678901s",
                "Please try again in 8760h",
                "Please try again in ٣s",
                "Please try again later, within 5s",
                "Limit 3, Used 3, Requested 1.",
                "entry in 5s",
            })
    void oddWordsOfAWait_areNone(String words) {
        server.next(new Reply(429, rateLimited(words)));

        assertThat(fail(ask("hello")).retryAfter()).isEmpty();
    }

    @Test
    void wordsOfAWait_meanNothingInAnErrorThatAWaitDoesNotMend() {
        server.next(new Reply(400, rateLimited("Invalid value: 'Please try again in 5s'")));
        assertThat(fail(ask("hello")).retryAfter()).isEmpty();
        server.next(new Reply(429, message("Request too large for m: Limit 9, Requested 10. Please try again in 5s")));
        assertThat(fail(ask("hello")).retryAfter()).isEmpty();
    }

    private static String rateLimited(String words) {
        return message("Rate limit reached for m. " + words);
    }

    private static String message(String words) {
        return "{\"error\":{\"message\":\"" + words + "\",\"type\":\"tokens\"}}";
    }
}
