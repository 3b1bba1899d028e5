package io.headrace.cli;

import io.headrace.admission.Budget;
import io.headrace.admission.GateSnapshot;
import io.headrace.run.Progress;
import io.headrace.run.SweepProgress;
import io.headrace.run.SweepProgress.State;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/** A run's progress on one short line. */
final class ProgressText {

    private ProgressText() {}

    /**
     * @param estimate rows that there may be, where the run does not know it yet
     */
    static String of(Progress progress, OptionalLong estimate) {
        StringBuilder line = new StringBuilder();
        line.append(number(progress.done()));
        OptionalLong rows = progress.in();
        if (rows.isPresent()) {
            line.append(" of ").append(number(rows.getAsLong()));
        } else if (estimate.isPresent() && estimate.getAsLong() >= progress.done()) {
            line.append(" of about ").append(number(estimate.getAsLong()));
        }
        line.append(line.toString().equals("1") ? " item" : " items");
        if (progress.failed() > 0) {
            line.append(", ").append(number(progress.failed())).append(" failed");
        }
        if (progress.parked() > 0) {
            line.append(", ").append(number(progress.parked())).append(" wait for batches");
        }
        line.append(String.format(Locale.ROOT, ", %.1f/s", progress.itemsPerSecond()));
        remaining(progress, estimate)
                .filter(left -> !left.isZero())
                .ifPresent(left -> line.append(", ETA ").append(Durations.format(left)));
        if (!progress.binding().isEmpty()) {
            line.append(", bound by ").append(progress.binding());
        }
        line.append(" | calls: ").append(number(progress.sent())).append(" sent");
        if (progress.cached() > 0) {
            line.append(", ").append(number(progress.cached())).append(" cached");
        }
        if (progress.retried() > 0) {
            line.append(", ").append(number(progress.retried())).append(" retried");
        }
        int waiting = progress.gates().stream().mapToInt(GateSnapshot::waiting).sum();
        if (waiting > 0) {
            line.append(", ").append(number(waiting)).append(" waiting");
        }
        if (progress.callTime().count() > 0) {
            line.append(", p50 ")
                    .append(Durations.format(progress.callTime().p50()))
                    .append(" p99 ")
                    .append(Durations.format(progress.callTime().p99()));
        }
        progress.budget()
                .map(Budget.Balance::usd)
                .filter(usd -> usd.cap() != null)
                .ifPresent(usd -> line.append(" | ")
                        .append(usd.spent().setScale(2, RoundingMode.HALF_UP))
                        .append(" of ")
                        .append(usd.cap())
                        .append(" USD"));
        return line.toString();
    }

    /** Where a sweep is, with what its configurations came to so far. */
    static String of(SweepProgress progress) {
        StringBuilder line = new StringBuilder()
                .append(number(progress.count(State.ENDED)))
                .append(" of ")
                .append(count(progress.configurations().size(), "configuration"));
        String running = progress.configurations().stream()
                .filter(configuration -> configuration.state() == State.RUNNING)
                .map(SweepProgress.Configuration::name)
                .collect(Collectors.joining(", "));
        if (!running.isEmpty()) {
            line.append(", at ").append(running);
        }
        line.append(" | ").append(count(progress.done(), "item"));
        if (progress.failed() > 0) {
            line.append(", ").append(number(progress.failed())).append(" failed");
        }
        line.append(" | calls: ").append(number(progress.sent())).append(" sent");
        if (progress.cached() > 0) {
            line.append(", ").append(number(progress.cached())).append(" cached");
        }
        return line.toString();
    }

    /** A number of things, such as {@code 1 item} or {@code 1,319 items}. */
    static String count(long count, String thing) {
        return number(count) + " " + thing + (count == 1 ? "" : "s");
    }

    static String number(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }

    private static Optional<Duration> remaining(Progress progress, OptionalLong estimate) {
        if (progress.remaining().isPresent() || progress.in().isPresent()) {
            return progress.remaining();
        }
        double rate = progress.itemsPerSecond();
        if (estimate.isEmpty() || estimate.getAsLong() < progress.done() || !(rate > 0)) {
            return Optional.empty();
        }
        return Optional.of(Duration.ofMillis((long) ((estimate.getAsLong() - progress.done()) / rate * 1_000)));
    }
}
