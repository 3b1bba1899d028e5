package io.headrace.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs the examples as their readers do, and checks what they print. */
@Timeout(60)
class ExamplesTest {

    @Test
    void firstCall_retriesAndThenReadsTheCache() {
        assertThat(printed(() -> FirstCall.main(new String[0])).lines())
                .containsExactly(
                        "asked: [\"court\",\"contract\",\"bank\",\"customer\",\"ruled\"]",
                        "asked again: [\"court\",\"contract\",\"bank\",\"customer\",\"ruled\"]",
                        "requests sent: 2");
    }

    private static String printed(Runnable main) {
        PrintStream out = System.out;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            main.run();
        } finally {
            System.setOut(out);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
