package io.headrace.cli;

import java.io.PrintWriter;
import java.util.Locale;

/** A line of a summary: a name, and beside it what there is to say. */
final class NamedLine {

    private NamedLine() {}

    static void line(PrintWriter out, String name, String text) {
        out.printf(Locale.ROOT, "  %-11s %s%n", name, text);
    }
}
