package io.headrace.cli;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.dataformat.yaml.YAMLFactory;
import tools.jackson.dataformat.yaml.YAMLParser;

/**
 * The fields of a YAML or JSON file, or of an object in it, each with its line. What is read is ticked off, and {@link #refuseOthers}
 * refuses the rest. Every error names file, line and field.
 */
final class ConfigurationFile {

    /** Of a value: what it is, and where. */
    private record Value(@Nullable Object value, int line) {}

    private static final TokenStreamFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();
    private static final TokenStreamFactory YAML = YAMLFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    /** What YAML 1.2 reads as null; the parser follows its schema for JSON, which has no null but {@code null}. */
    private static final Set<String> YAML_NULLS = Set.of("", "~", "Null", "NULL");

    private final Path file;
    private final String path;
    private final Map<String, Value> fields;
    private final Set<String> known = new HashSet<>();

    private ConfigurationFile(Path file, String path, Map<String, Value> fields) {
        this.file = file;
        this.path = path;
        this.fields = fields;
    }

    /**
     * Reads a file, as JSON if its name ends so and else as YAML.
     *
     * @throws UsageProblem if it cannot be read or is not one object
     */
    static ConfigurationFile read(Path file) {
        TokenStreamFactory format = file.toString().toLowerCase(Locale.ROOT).endsWith(".json") ? JSON : YAML;
        try (JsonParser parser = format.createParser(ObjectReadContext.empty(), Files.readAllBytes(file))) {
            JsonToken first = parser.nextToken();
            if (first != JsonToken.START_OBJECT) {
                throw new UsageProblem(file + (first == null ? " is empty" : " line 1")
                        + ": a configuration is a list of fields, such as model: gpt-4o-mini");
            }
            Map<String, Value> all = object(parser);
            if (parser.nextToken() != null) {
                throw new UsageProblem(file + " line " + line(parser) + ": a file holds one configuration");
            }
            return new ConfigurationFile(file, "", all);
        } catch (JacksonException e) {
            TokenStreamLocation at = e.getLocation();
            throw new UsageProblem(
                    file + (at == null ? "" : " line " + at.getLineNr()) + ": " + what(e.getOriginalMessage()), e);
        } catch (IOException e) {
            throw new UsageProblem(file + " cannot be read: " + e, e);
        }
    }

    /** Without the lines that draw the place, which the parser of YAML puts between what it read and what is wrong there. */
    private static String what(String message) {
        return message.lines()
                .filter(line -> !line.isBlank() && !line.startsWith(" "))
                .collect(Collectors.joining(": "));
    }

    private static Value value(JsonParser parser) {
        int line = line(parser);
        return new Value(
                switch (parser.currentToken()) {
                    case START_OBJECT -> object(parser);
                    case START_ARRAY -> array(parser);
                    case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> parser.getDecimalValue();
                    case VALUE_TRUE, VALUE_FALSE -> parser.getBooleanValue();
                    case VALUE_NULL -> null;
                    default -> text(parser);
                },
                line);
    }

    /** What is written there: the parser gives the name of an alias in place of what it stands for. */
    private static @Nullable String text(JsonParser parser) {
        String text = parser.getString();
        if (!(parser instanceof YAMLParser yaml)) {
            return text;
        }
        if (yaml.isCurrentAlias()) {
            throw new StreamReadException(
                    parser,
                    "the alias *" + text + " is not understood: write out what it stands for",
                    parser.currentTokenLocation());
        }
        return YAML_NULLS.contains(text) && isPlain(parser, text) ? null : text;
    }

    /** Whether nothing stands round the text, such as quotes. */
    private static boolean isPlain(JsonParser parser, String text) {
        return parser.currentLocation().getCharOffset()
                        - parser.currentTokenLocation().getCharOffset()
                == text.length();
    }

    private static Map<String, Value> object(JsonParser parser) {
        Map<String, Value> fields = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            int line = line(parser);
            parser.nextToken();
            fields.put(name, new Value(value(parser).value(), line));
        }
        return fields;
    }

    private static List<Value> array(JsonParser parser) {
        List<Value> elements = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            elements.add(value(parser));
        }
        return elements;
    }

    private static int line(JsonParser parser) {
        return parser.currentTokenLocation().getLineNr();
    }

    Optional<String> text(String name) {
        return field(name, value -> value instanceof String text && !text.isBlank() ? text : null, "must be a text");
    }

    Optional<Double> number(String name, double min, double max) {
        return field(
                name,
                value ->
                        value instanceof BigDecimal number && number.doubleValue() >= min && number.doubleValue() <= max
                                ? number.doubleValue()
                                : null,
                "must be a number from " + plain(min) + " to " + plain(max));
    }

    Optional<Long> whole(String name, long min, long max) {
        return field(
                name,
                value -> {
                    if (!(value instanceof BigDecimal number)
                            || number.stripTrailingZeros().scale() > 0
                            || number.compareTo(BigDecimal.valueOf(min)) < 0
                            || number.compareTo(BigDecimal.valueOf(max)) > 0) {
                        return null;
                    }
                    return number.longValue();
                },
                "must be a whole number from " + min + " to " + max);
    }

    @SuppressWarnings("unchecked") // lists are of values
    Optional<List<String>> texts(String name) {
        return field(
                name,
                value -> {
                    if (!(value instanceof List<?> elements)) {
                        return null;
                    }
                    List<String> texts = new ArrayList<>();
                    for (Value element : (List<Value>) elements) {
                        if (!(element.value() instanceof String text) || text.isBlank()) {
                            return null;
                        }
                        texts.add(text);
                    }
                    return texts;
                },
                "must be a list of texts");
    }

    /** The fields of an object, none if it is absent. */
    @SuppressWarnings("unchecked") // objects are maps
    ConfigurationFile object(String name) {
        Map<String, Value> members = field(
                        name,
                        value -> value instanceof Map<?, ?> map ? (Map<String, Value>) map : null,
                        "must have fields of its own")
                .orElse(Map.of());
        return new ConfigurationFile(file, path + name + ".", members);
    }

    /** Refuses what was not asked for. */
    void refuseOthers() {
        fields.forEach((name, value) -> {
            if (!known.contains(name)) {
                throw new UsageProblem(file + " line " + value.line() + ": there is no field '" + path + name + "'"
                        + closest(name, known)
                                .map(other -> ", did you mean '" + path + other + "'?")
                                .orElse("; there are "
                                        + String.join(
                                                ", ", known.stream().sorted().toList())));
            }
        });
    }

    /** What is wrong with the file as a whole. */
    UsageProblem problem(String what) {
        return new UsageProblem(file + ": " + what);
    }

    private <T> Optional<T> field(String name, Function<Object, @Nullable T> read, String mustBe) {
        known.add(name);
        Value field = fields.get(name);
        if (field == null || field.value() == null) {
            return Optional.empty();
        }
        T value = read.apply(field.value());
        if (value == null) {
            throw new UsageProblem(file + " line " + field.line() + ": '" + path + name + "' " + mustBe);
        }
        return Optional.of(value);
    }

    /** A name that {@code wrong} is a slip of: at most a third of its letters are wrong, left out or too many. */
    private static Optional<String> closest(String wrong, Collection<String> names) {
        return names.stream()
                .filter(name -> distance(wrong, name) <= Math.max(1, name.length() / 3))
                .min(Comparator.comparingInt(name -> distance(wrong, name)));
    }

    /** By Levenshtein, whatever the case. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                boolean same = Character.toLowerCase(a.charAt(i - 1)) == Character.toLowerCase(b.charAt(j - 1));
                int replaced = diagonal + (same ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }

    private static String plain(double number) {
        return BigDecimal.valueOf(number).stripTrailingZeros().toPlainString();
    }
}
