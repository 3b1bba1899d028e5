package io.headrace.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;

/** Writes a report as {@code report.json} for programs and {@code report.txt} for people. */
final class ReportWriter {

    private ReportWriter() {}

    /** Writes both, or leaves none: one of an earlier run would pass for this one's. */
    static void write(RunReport report) throws IOException {
        Path json = report.directory().resolve("report.json");
        Path text = report.directory().resolve("report.txt");
        try {
            RunFiles.replace(json, PrettyJson.bytes(ReportJson.of(report)));
            RunFiles.replace(text, ReportText.of(report).getBytes(UTF_8));
        } catch (IOException e) {
            RunFiles.discard(json, e);
            RunFiles.discard(text, e);
            throw e;
        }
    }
}
