package io.headrace.dataset;

import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import de.siegmar.fastcsv.reader.CsvRecordHandler;
import io.headrace.Codec;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The parser of one reading of a CSV file by RFC 4180: the first row names the columns, every other row has as many cells.
 *
 * @param <T> the values
 */
final class CsvRows<T> implements RowParser<T> {

    /** Makes a value of the cells of a row. */
    private interface Cells<T> {
        T value(List<String> columns, List<String> cells, @Nullable String id) throws MalformedRowException;
    }

    private final CsvReader.CsvReaderBuilder csv;
    private final @Nullable String idField;
    private final Cells<T> cells;
    private @Nullable List<String> columns;

    private CsvRows(char separator, @Nullable String idField, Cells<T> cells) {
        this.csv = CsvReader.builder()
                .fieldSeparator(separator)
                .skipEmptyLines(false)
                .allowUnclosedQuote(false);
        this.idField = idField;
        this.cells = cells;
    }

    /** One cell of each row. */
    static RowParser<String> texts(char separator, @Nullable String idField, String textField) {
        return new CsvRows<>(separator, idField, (columns, cells, id) -> cell(textField, columns, cells, id));
    }

    /** Each row by {@code codec}, which gets a JSON object of strings. */
    static <T> RowParser<T> values(char separator, @Nullable String idField, Codec<T> codec) {
        @SuppressWarnings("rawtypes") // a class literal has no type arguments
        Codec<Map> json = Codec.json(Map.class);
        return new CsvRows<>(
                separator,
                idField,
                (columns, cells, id) -> RowValues.decode(codec, json.encode(map(columns, cells)), id));
    }

    /** Each row as a map from column to cell, in the order of the columns. */
    static RowParser<Map<String, Object>> maps(char separator, @Nullable String idField) {
        return new CsvRows<>(separator, idField, (columns, cells, id) -> map(columns, cells));
    }

    /**
     * @throws IllegalArgumentException if the header is no row of distinct names
     */
    @Override
    public boolean isHeader(byte[] bytes, int from, int to) {
        if (columns != null) {
            return false;
        }
        try {
            columns = named(record(bytes, from, to));
        } catch (MalformedRowException e) {
            throw new IllegalArgumentException("the header is " + e.getMessage(), e);
        }
        Set<String> names = new HashSet<>();
        for (String name : columns) {
            if (!names.add(name)) {
                throw new IllegalArgumentException("the header names the column '" + name + "' twice");
            }
        }
        return true;
    }

    /** A column without a name, such as the index that many tools write, is named by its position. */
    private static List<String> named(List<String> header) {
        List<String> names = new ArrayList<>(header);
        for (int i = 0; i < names.size(); i++) {
            if (names.get(i).isEmpty()) {
                names.set(i, "column" + (i + 1));
            }
        }
        return names;
    }

    @Override
    public boolean awaitsHeader() {
        return columns == null;
    }

    @Override
    public Row<T> parse(byte[] bytes, int from, int to) throws MalformedRowException {
        List<String> names = columns;
        if (names == null) {
            throw new IllegalStateException("a row before the header");
        }
        List<String> row = record(bytes, from, to);
        if (row.size() != names.size()) {
            throw new MalformedRowException("the row has " + row.size() + " cells, the header " + names.size());
        }
        String id = null;
        if (idField != null) {
            id = cell(idField, names, row, null);
            if (id.isBlank()) {
                throw new MalformedRowException("the id field '" + idField + "' is blank");
            }
        }
        return new Row<>(id, cells.value(names, row, id));
    }

    private List<String> record(byte[] bytes, int from, int to) throws MalformedRowException {
        String row = new String(bytes, from, to - from, StandardCharsets.UTF_8);
        try {
            return row.indexOf('\r') < 0
                    ? csv.ofSingleCsvRecord(unbounded(), row).getFields()
                    : onlyRecord(row);
        } catch (CsvParseException e) {
            throw new MalformedRowException("not valid CSV: " + reason(e) + swallowed(row));
        }
    }

    /** The fields of a row that may hold a carriage return as the end of a line. */
    private List<String> onlyRecord(String row) throws MalformedRowException {
        try (Stream<CsvRecord> records = csv.build(unbounded(), row).stream()) {
            List<CsvRecord> all = records.limit(2).toList();
            if (all.size() != 1) {
                throw new MalformedRowException("not valid CSV: a carriage return without a line feed ends a line;"
                        + " convert the file's line ends");
            }
            return all.get(0).getFields();
        }
    }

    /** Takes any number of cells of any length: a row is bounded before it comes here. */
    private static CsvRecordHandler unbounded() {
        return CsvRecordHandler.builder()
                .maxFields(Integer.MAX_VALUE)
                .maxRecordSize(Integer.MAX_VALUE)
                .maxFieldSize(Integer.MAX_VALUE)
                .build();
    }

    /** The parser's reason, without the character it shows and the place, which it counts from the row's start. */
    private static String reason(CsvParseException e) {
        String message = String.valueOf(e.getMessage());
        int detail = message.indexOf(" (record starting");
        String reason = detail < 0 ? message : message.substring(0, detail);
        int shown = reason.indexOf(": '");
        return shown < 0 ? reason : reason.substring(0, shown);
    }

    /** What a quote that is not closed costs. */
    private static String swallowed(String row) {
        long lines = row.lines().count() - 1;
        return lines == 0 ? "" : "; lines behind it that are lost in this row: " + lines;
    }

    private static String cell(String field, List<String> columns, List<String> cells, @Nullable String id)
            throws MalformedRowException {
        int at = columns.indexOf(field);
        if (at < 0) {
            throw RowValues.missing(field, columns, id);
        }
        return cells.get(at);
    }

    private static Map<String, Object> map(List<String> columns, List<String> cells) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < columns.size(); i++) {
            map.put(columns.get(i), cells.get(i));
        }
        return map;
    }
}
