package io.headrace.run;

import io.headrace.Codec;
import io.headrace.ErrorText;
import io.headrace.Item;
import io.headrace.Item.Expansion;
import io.headrace.flow.Reduction;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/** Reads a results file back, line by line. */
final class Results {

    /** Reads whatever a value may be: what was written must be readable, and how large it is was settled then. */
    static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNumberLength(Integer.MAX_VALUE)
                    .maxNameLength(Integer.MAX_VALUE)
                    .maxStringLength(Integer.MAX_VALUE)
                    .maxNestingDepth(Integer.MAX_VALUE)
                    .build())
            .build();

    private Results() {}

    /** Folds all results into the state of {@code reduction}. */
    static <T, A> A fold(Path file, Codec<T> codec, Reduction<T, A, ?> reduction) throws IOException {
        A state = reduction.initial().get();
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            ByteArrayOutputStream line = new ByteArrayOutputStream(1 << 12);
            long number = 1;
            int next;
            while ((next = in.read()) >= 0) {
                if (next == '\n') {
                    state = reduction.add().apply(state, item(line.toByteArray(), codec, file, number++));
                    line.reset();
                } else {
                    line.write(next);
                }
            }
        }
        return state;
    }

    private static <T> Item<T> item(byte[] line, Codec<T> codec, Path file, long number) {
        try {
            return item(line, codec);
        } catch (RuntimeException e) {
            String why = e instanceof JacksonException json ? json.getOriginalMessage() : ErrorText.message(e);
            throw new IllegalStateException(file.getFileName() + " line " + number + " cannot be read back: " + why, e);
        }
    }

    /** The line's value is cut out as it stands: it is JSON already. */
    private static <T> Item<T> item(byte[] line, Codec<T> codec) {
        String id = "";
        @Nullable String row = null;
        long ordinal = 0;
        byte[] value = new byte[0];
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), line)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                switch (name) {
                    case "id" -> id = parser.getString();
                    case "row" -> row = parser.getString();
                    case "ordinal" -> ordinal = parser.getLongValue();
                    case "value" -> {
                        int start = (int) parser.currentTokenLocation().getByteOffset();
                        parser.skipChildren();
                        parser.finishToken();
                        int end = (int) parser.currentLocation().getByteOffset();
                        value = Arrays.copyOfRange(line, start, end);
                    }
                    default -> parser.skipChildren();
                }
            }
        }
        return new Item<>(id, ordinal, 0, expansion(id, row), codec.decode(value));
    }

    /** What the id of a child says of its way from {@code row}. */
    private static @Nullable Expansion expansion(String id, @Nullable String row) {
        if (row == null) {
            return null;
        }
        Expansion child = null;
        String parent = row;
        for (String index : id.substring(row.length() + 1).split("/", -1)) {
            child = new Expansion(parent, child, Integer.parseInt(index), 0);
            parent += "/" + index;
        }
        return child;
    }
}
