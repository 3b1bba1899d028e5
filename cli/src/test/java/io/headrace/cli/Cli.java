package io.headrace.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;

/** Runs the command in this process, with signals that never come and an environment of its own. */
final class Cli {

    private final Map<String, String> environment = new HashMap<>();

    /** What a command left behind. */
    record Result(int exitCode, String out, String err) {}

    Cli with(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    /** {@code arguments} and {@code more} behind them. */
    static Object[] plus(Object[] arguments, Object... more) {
        return Stream.of(arguments, more).flatMap(Arrays::stream).toArray();
    }

    /** A file of so many rows in {@code folder}. */
    static Path questions(Path folder, int count) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 1; i <= count; i++) {
            lines.append("{\"id\":\"q")
                    .append(i)
                    .append("\",\"question\":\"What does question ")
                    .append(i);
            lines.append(" cost at the bank?\"}\n");
        }
        return Files.writeString(folder.resolve("questions.jsonl"), lines);
    }

    Result run(Object... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exitCode = Main.commandLine(new Surroundings(
                        new PrintWriter(out), new PrintWriter(err), environment::get, StopSignals.none()))
                .execute(Arrays.stream(arguments).map(Object::toString).toArray(String[]::new));
        return new Result(exitCode, out.toString(), err.toString());
    }
}
