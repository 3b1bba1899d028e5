package io.headrace.dataset;

import io.headrace.Codec;
import java.io.InputStream;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How a file of rows with named fields is cut and parsed. Parsers are made anew for each reading. */
interface FileFormat {

    /** The format's name, for messages and signatures. */
    String label();

    RowSplitter split(InputStream in, int maxRowBytes);

    RowParser<String> texts(@Nullable String idField, String textField);

    <T> RowParser<T> values(@Nullable String idField, Codec<T> codec);

    RowParser<Map<String, Object>> maps(@Nullable String idField);

    /** One JSON object a line. */
    static FileFormat jsonl() {
        return new FileFormat() {
            @Override
            public String label() {
                return "jsonl";
            }

            @Override
            public RowSplitter split(InputStream in, int maxRowBytes) {
                return RowSplitter.lines(in, maxRowBytes);
            }

            @Override
            public RowParser<String> texts(@Nullable String idField, String textField) {
                return JsonRows.texts(idField, textField);
            }

            @Override
            public <T> RowParser<T> values(@Nullable String idField, Codec<T> codec) {
                return JsonRows.values(idField, codec);
            }

            @Override
            public RowParser<Map<String, Object>> maps(@Nullable String idField) {
                return JsonRows.maps(idField);
            }
        };
    }

    /** A header and one row a line, quoted cells excepted. */
    static FileFormat csv(char separator) {
        return new FileFormat() {
            @Override
            public String label() {
                return separator == ',' ? "csv" : "csv separated by '" + separator + "'";
            }

            @Override
            public RowSplitter split(InputStream in, int maxRowBytes) {
                return RowSplitter.csv(in, maxRowBytes, separator);
            }

            @Override
            public RowParser<String> texts(@Nullable String idField, String textField) {
                return CsvRows.texts(separator, idField, textField);
            }

            @Override
            public <T> RowParser<T> values(@Nullable String idField, Codec<T> codec) {
                return CsvRows.values(separator, idField, codec);
            }

            @Override
            public RowParser<Map<String, Object>> maps(@Nullable String idField) {
                return CsvRows.maps(separator, idField);
            }
        };
    }
}
