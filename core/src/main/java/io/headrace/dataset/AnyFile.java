package io.headrace.dataset;

import io.headrace.ErrorText;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Finds out what kind of source a path is: by being a folder, by the name's ending, by the first character. */
final class AnyFile {

    private AnyFile() {}

    static Dataset<String> open(Path path, FieldChoice choice) {
        if (Files.isDirectory(path)) {
            refuseFields(path, choice, "a folder");
            return Dataset.folder(path);
        }
        FileFormat format = format(path);
        if (format == null) {
            refuseFields(path, choice, "a text file");
            FileDataset<String> lines = FileDataset.lines(path);
            lines.firstRows().requireAny();
            return lines;
        }
        RowFile file = new RowFile(path, format);
        FieldChoice fields = choice.in(file.firstRows());
        RowFile identified = fields.id() == null ? file : file.idField(fields.id());
        if (fields.text() == null) {
            throw new IllegalStateException("no text field chosen");
        }
        return identified.text(fields.text());
    }

    private static void refuseFields(Path path, FieldChoice choice, String what) {
        if (choice.text() != null || choice.id() != null) {
            throw new IllegalArgumentException(path + " is " + what + " and has no fields to choose");
        }
    }

    /** The format of a file with fields, or null for text. */
    private static @Nullable FileFormat format(Path path) {
        String name = path.toString().toLowerCase(Locale.ROOT);
        String plain = name.endsWith(".gz") ? name.substring(0, name.length() - 3) : name;
        return switch (plain.substring(plain.lastIndexOf('.') + 1)) {
            case "jsonl", "ndjson", "json" -> FileFormat.jsonl();
            case "csv" -> FileFormat.csv(separator(path));
            case "tsv" -> FileFormat.csv('\t');
            case "txt", "text", "md", "markdown" -> null;
            default -> startsLikeJson(path) ? FileFormat.jsonl() : null;
        };
    }

    /** The one of comma, semicolon and tab that the header has most of outside quotes: spreadsheets of half the world write semicolons. */
    private static char separator(Path path) {
        try (RowSplitter rows = RowSplitter.lines(TextFile.open(path), RowFile.DEFAULT_MAX_ROW_BYTES)) {
            int[] counts = new int[128];
            if (rows.next()) {
                boolean quoted = false;
                for (int i = rows.from(); i < rows.to(); i++) {
                    byte b = rows.bytes()[i];
                    if (b == '"') {
                        quoted = !quoted;
                    } else if (!quoted && b >= 0) {
                        counts[b]++;
                    }
                }
            }
            char most = ',';
            for (char candidate : new char[] {';', '\t'}) {
                if (counts[candidate] > counts[most]) {
                    most = candidate;
                }
            }
            return most;
        } catch (IOException e) {
            throw new IllegalArgumentException(ErrorText.message(e), e);
        }
    }

    private static boolean startsLikeJson(Path path) {
        try (InputStream in = TextFile.open(path)) {
            int next = in.read();
            while (next == ' ' || next == '\t' || next == '\r' || next == '\n') {
                next = in.read();
            }
            return next == '{' || next == '[';
        } catch (IOException e) {
            throw new IllegalArgumentException(ErrorText.message(e), e);
        }
    }
}
