package io.headrace.cli;

import io.headrace.dataset.Dataset;
import io.headrace.dataset.FieldChoice;
import io.headrace.examples.analysis.ShippedDocuments;
import io.headrace.run.Run;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say which documents. */
final class InputOptions {

    @Option(
            names = "--input",
            paramLabel = "PATH",
            order = 1,
            description =
                    "A JSONL, CSV or text file, plain or gzip, or a folder of text files. Default: the documents that"
                            + " ship with the examples.")
    private @Nullable Path input;

    @Option(
            names = "--text-field",
            paramLabel = "NAME",
            order = 2,
            description = "Field that holds the text. Default: chosen by the first rows.")
    private @Nullable String textField;

    @Option(
            names = "--id-field",
            paramLabel = "NAME",
            order = 3,
            description =
                    "Field that holds the id. Default: chosen by the first rows, else ids are made of position and"
                            + " content.")
    private @Nullable String idField;

    @Option(names = "--max-samples", paramLabel = "N", order = 4, description = "Only the first N rows. Default: all.")
    private @Nullable Long maxSamples;

    /**
     * @param out where the results go
     * @throws UsageProblem for a number out of its range, and for results that would be read as documents the next time
     */
    void check(Path out) {
        if (maxSamples != null) {
            Checks.range("--max-samples", maxSamples, 1, Long.MAX_VALUE);
        }
        if (input != null && Files.isDirectory(input) && isRead(input, out)) {
            throw new UsageProblem("--out " + out + " lies in the folder " + input
                    + ", where the next run would take the reports of this one for documents; name one outside");
        }
    }

    /** Whether reading {@code folder} comes to {@code below}: it leaves out what is hidden. */
    private static boolean isRead(Path folder, Path below) {
        Path from = folder.toAbsolutePath().normalize();
        Path to = below.toAbsolutePath().normalize();
        return to.startsWith(from) && !("/" + from.relativize(to)).contains("/.");
    }

    /**
     * The documents.
     *
     * @throws UsageProblem if the input cannot be read
     */
    Dataset<String> dataset() {
        if (input == null) {
            if (textField != null || idField != null) {
                throw new UsageProblem((textField != null ? "--text-field" : "--id-field") + " needs --input");
            }
            return ShippedDocuments.dataset();
        }
        try {
            return Dataset.open(input, new FieldChoice(textField, idField));
        } catch (IllegalArgumentException e) {
            throw UsageProblem.of(e);
        }
    }

    /** What people call {@code dataset}. */
    String name(Dataset<String> dataset) {
        return input == null ? dataset.name() : dataset.signature();
    }

    /** The rows that were asked for, for an estimate. */
    Dataset<String> first(Dataset<String> dataset) {
        return maxSamples == null ? dataset : dataset.take(maxSamples);
    }

    /** Tells {@code run} which rows were asked for. */
    void describe(Run.Builder<?, ?> run) {
        if (maxSamples != null) {
            run.maxItems(maxSamples);
        }
    }

    /** Rows that there may be. */
    OptionalLong estimate() {
        OptionalLong rows = input == null ? OptionalLong.empty() : RowEstimate.of(input);
        return maxSamples != null && rows.isPresent() ? OptionalLong.of(Math.min(maxSamples, rows.getAsLong())) : rows;
    }
}
