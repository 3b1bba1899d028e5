package io.headrace.dataset;

import java.nio.charset.StandardCharsets;

/** A line of text is its own value. */
final class LineParser implements RowParser<String> {

    @Override
    public Row<String> parse(byte[] bytes, int from, int to) {
        return new Row<>(null, new String(bytes, from, to - from, StandardCharsets.UTF_8));
    }
}
