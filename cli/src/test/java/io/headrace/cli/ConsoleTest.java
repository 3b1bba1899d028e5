package io.headrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class ConsoleTest {

    private final StringWriter written = new StringWriter();

    @Test
    void progressOnTerminal_writesOverTheLine() {
        Console console = new Console(new PrintWriter(written), true);
        console.progress("1 item");
        console.progress("2 items");
        console.line("a notice");
        console.end();
        assertThat(written.toString())
                .isEqualTo("\r\033[K\033[?7l1 item\033[?7h\r\033[K\033[?7l2 items\033[?7h\r\033[Ka notice"
                        + System.lineSeparator());
    }

    @Test
    void progressWithoutTerminal_writesPlainLines() {
        Console console = new Console(new PrintWriter(written), false);
        console.progress("1 item");
        console.line("a notice");
        console.end();
        assertThat(written.toString())
                .isEqualTo("1 item" + System.lineSeparator() + "a notice" + System.lineSeparator());
    }

    @Test
    void progressThatComesAfterTheEnd_isNotShown() {
        for (boolean terminal : new boolean[] {true, false}) {
            Console console = new Console(new PrintWriter(written), terminal);
            console.end();
            console.progress("late");
            console.line("a notice");
        }
        assertThat(written.toString()).isEqualTo(("a notice" + System.lineSeparator()).repeat(2));
    }
}
