package io.headrace.cli;

import java.io.PrintWriter;
import java.time.Duration;

/**
 * Where people watch a run: one line that is written over on a terminal, plain lines in a log. Thread-safe.
 *
 * <p>It writes to standard error, so that a pipe behind the command gets the summary and nothing else.
 */
final class Console {

    private static final String TO_LINE_START_AND_ERASE = "\r\033[K";
    private static final String NO_WRAP = "\033[?7l";
    private static final String WRAP = "\033[?7h";

    private final PrintWriter err;
    private final boolean terminal;
    private boolean dirty;
    private boolean over;

    Console(PrintWriter err, boolean terminal) {
        this.err = err;
        this.terminal = terminal;
    }

    /** A console that writes over its line if standard error is a terminal, by the word of the script that started us. */
    static Console of(PrintWriter err) {
        return new Console(err, Boolean.getBoolean("headrace.terminal") && !"dumb".equals(System.getenv("TERM")));
    }

    /** How often {@link #progress} is worth calling. */
    Duration period() {
        return terminal ? Duration.ofMillis(200) : Duration.ofSeconds(5);
    }

    /** Shows where the run is, in place of what was shown before. */
    synchronized void progress(String text) {
        if (over) {
            return;
        }
        // a line that wraps on a narrow terminal could not be written over
        err.print(terminal ? TO_LINE_START_AND_ERASE + NO_WRAP + text + WRAP : text + System.lineSeparator());
        err.flush();
        dirty = terminal;
    }

    /** Writes a line that stays. */
    synchronized void line(String text) {
        clear();
        err.println(text);
        err.flush();
    }

    /** Takes the progress away, and shows no more: what is on its way from another thread would get between the lines of a summary. */
    synchronized void end() {
        clear();
        over = true;
    }

    private void clear() {
        if (dirty) {
            err.print(TO_LINE_START_AND_ERASE);
            err.flush();
            dirty = false;
        }
    }
}
