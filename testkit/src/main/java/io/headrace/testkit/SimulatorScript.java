package io.headrace.testkit;

import io.headrace.Require;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;

/**
 * What changes when in a simulated provider. It starts with the provider ({@link SimulatedProvider.Builder#script}), or when it is
 * played ({@link SimulatedProvider#play}). Immutable.
 *
 * @param steps each with its time from the start of the script, in any order; of equal times the earlier in the list comes first
 */
public record SimulatorScript(List<Step> steps) {

    /**
     * A change and its time.
     *
     * @param after the start of the script, may be zero
     */
    public record Step(Duration after, SimulatorChange change) {

        public Step {
            Objects.requireNonNull(change, "change");
            Require.notNegative(after, "after");
        }
    }

    public SimulatorScript {
        steps = List.copyOf(steps);
    }

    /** These changes at once, in order. */
    public static SimulatorScript of(SimulatorChange... changes) {
        return new SimulatorScript(Stream.of(changes)
                .map(change -> new Step(Duration.ZERO, change))
                .toList());
    }

    /** This script with a change more, {@code after} its start. */
    public SimulatorScript after(Duration after, SimulatorChange change) {
        return new SimulatorScript(Stream.concat(steps.stream(), Stream.of(new Step(after, change)))
                .toList());
    }

    /**
     * Reads a JSON array of objects, one for each change. Every object may have {@code afterSeconds}, and has one of
     *
     * <ul>
     *   <li>{@code quota}, with {@code key}, {@code model} or both if it is not for all: an object with any of {@code requests}, {@code
     *       tokens}, {@code inputTokens}, {@code outputTokens}, each with {@code perMinute} and {@code burst} (a minute's worth by
     *       default), {@code maxConcurrent}, {@code outputCharge} ({@code reserved}, {@code corrected}, {@code produced}), {@code
     *       minRetryAfterSeconds}, {@code countsRefused};
     *   <li>{@code timesQuotas}, a number;
     *   <li>{@code stormSeconds}, with {@code retryAfterSeconds} if its refusals name a delay;
     *   <li>{@code key} and {@code state} ({@code good}, {@code revoked}, {@code exhausted});
     *   <li>{@code workers}.
     * </ul>
     *
     * <p>Such as {@code [{"quota":{"requests":{"perMinute":600,"burst":10}}},{"afterSeconds":30,"timesQuotas":2}]}.
     *
     * @throws IllegalArgumentException for anything else, naming the place
     */
    public static SimulatorScript parse(String json) {
        try {
            return ScriptReader.read(json.getBytes(StandardCharsets.UTF_8));
        } catch (JacksonException e) {
            throw new IllegalArgumentException("the script is no JSON: " + e.getOriginalMessage(), e);
        }
    }

    /**
     * Reads a file in the form of {@link #parse}.
     *
     * @throws UncheckedIOException if it cannot be read
     * @throws IllegalArgumentException as {@link #parse}
     */
    public static SimulatorScript read(Path file) {
        try {
            return parse(Files.readString(file));
        } catch (NoSuchFileException e) {
            throw new UncheckedIOException("there is no script " + file, e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the script " + file + ": " + e, e);
        }
    }
}
