package io.headrace.cache;

import io.headrace.Cost;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;

/**
 * Answers as lines of JSON, nothing lost: an answer that is UTF-8 as a text, any other in Base64. Each line ends with the
 * checksum that the entry has in every store, so that one that was cut, edited or filed elsewhere is noticed. One more line says how
 * many answers there are.
 */
final class AnswerLines {

    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxStringLength(Integer.MAX_VALUE)
                    .build())
            .build();

    private static final Pattern COUNT = Pattern.compile("\\{\"answers\":(\\d{1,18})}");

    private AnswerLines() {}

    static String write(StoredEntry.Answer answer) {
        CacheEntry entry = answer.entry();
        StringWriter out = new StringWriter(entry.answer().length + 700);
        try (JsonGenerator to = JSON.createGenerator(ObjectWriteContext.empty(), out)) {
            to.writeStartObject();
            to.writeStringProperty("fingerprint", answer.fingerprint().toString());
            to.writeNumberProperty("sample", answer.sample());
            to.writeStringProperty("storedAt", storedAt(entry).toString());
            to.writeStringProperty("model", entry.model());
            to.writeStringProperty("namespace", entry.namespace());
            to.writeBooleanProperty("truncated", entry.truncated());
            write(entry.usage(), to);
            to.writeObjectPropertyStart("cost");
            to.writeStringProperty("usd", entry.cost().usd().toString());
            to.writeNumberProperty("unknown", entry.cost().unknown());
            to.writeEndObject();
            to.writeArrayPropertyStart("fields");
            for (CallKey.FieldDigest field : entry.fields()) {
                to.writeStartArray();
                to.writeString(field.field());
                to.writeString(HexFormat.of().toHexDigits(field.digest()));
                to.writeEndArray();
            }
            to.writeEndArray();
            String text = text(entry.answer());
            if (text == null) {
                to.writeStringProperty("answerBase64", Base64.getEncoder().encodeToString(entry.answer()));
            } else {
                to.writeStringProperty("answer", text);
            }
            to.writeStringProperty("checksum", checksum(answer.fingerprint(), answer.sample(), entry));
            to.writeEndObject();
        }
        return out.toString();
    }

    /**
     * The answer in {@code line}.
     *
     * @throws IllegalArgumentException if it is not what {@link #write} wrote, saying why and nothing of the content
     */
    static StoredEntry.Answer read(String line) {
        Reading read = new Reading();
        try (JsonParser from = JSON.createParser(ObjectReadContext.empty(), line)) {
            if (from.nextToken() != JsonToken.START_OBJECT) {
                throw new IllegalArgumentException("not a JSON object");
            }
            while (from.nextToken() == JsonToken.PROPERTY_NAME) {
                String name = from.currentName();
                from.nextToken();
                read.member(name, from);
            }
            if (from.nextToken() != null) {
                throw new IllegalArgumentException("something follows the object");
            }
            return read.answer();
        } catch (JacksonException e) {
            TokenStreamLocation location = e.getLocation(); // missing where a limit on depth or length was met
            throw new IllegalArgumentException(
                    location == null
                            ? "no JSON that can be read: " + e.getOriginalMessage()
                            : "not JSON, at column " + location.getColumnNr(),
                    e);
        } catch (DateTimeException | ArithmeticException e) {
            throw new IllegalArgumentException("storedAt is no time that can be kept", e);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("a number is none", e);
        }
    }

    /** The line that says how many answers there are. */
    static String count(long answers) {
        return "{\"answers\":" + answers + "}";
    }

    /** How many answers {@code line} says that there are; nothing if it is another line. */
    static OptionalLong count(String line) {
        Matcher count = COUNT.matcher(line);
        return count.matches() ? OptionalLong.of(Long.parseLong(count.group(1))) : OptionalLong.empty();
    }

    private static void write(Usage usage, JsonGenerator to) {
        to.writeObjectPropertyStart("usage");
        to.writeNumberProperty("inputTokens", usage.inputTokens());
        to.writeNumberProperty("cachedInputTokens", usage.cachedInputTokens());
        to.writeNumberProperty("cacheWriteTokens", usage.cacheWriteTokens());
        to.writeNumberProperty("longCacheWriteTokens", usage.longCacheWriteTokens());
        to.writeNumberProperty("outputTokens", usage.outputTokens());
        to.writeNumberProperty("reasoningTokens", usage.reasoningTokens());
        to.writeNumberProperty("unknown", usage.unknown());
        to.writeEndObject();
    }

    private static Instant storedAt(CacheEntry entry) {
        return Instant.ofEpochMilli(entry.storedAt().toEpochMilli());
    }

    /** Null if the bytes are not UTF-8. */
    private static @Nullable String text(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    private static String checksum(Fingerprint fingerprint, int sample, CacheEntry entry) {
        byte[] bytes = CacheEntryCodec.encode(fingerprint, sample, entry);
        return HexFormat.of().formatHex(bytes, bytes.length - Integer.BYTES, bytes.length);
    }

    /** The members of one line as they come. */
    private static final class Reading {

        private @Nullable Fingerprint fingerprint;
        private int sample;
        private @Nullable Instant storedAt;
        private String model = "";
        private String namespace = "";
        private boolean truncated;
        private Usage usage = Usage.ZERO;
        private Cost cost = Cost.ZERO;
        private final List<CallKey.FieldDigest> fields = new ArrayList<>();
        private byte @Nullable [] answer;
        private String checksum = "";

        void member(String name, JsonParser from) {
            switch (name) {
                case "fingerprint" -> fingerprint = Fingerprint.parse(from.getString());
                case "sample" -> sample = from.getIntValue();
                case "storedAt" -> storedAt = Instant.parse(from.getString());
                case "model" -> model = from.getString();
                case "namespace" -> namespace = from.getString();
                case "truncated" -> truncated = from.getBooleanValue();
                case "usage" -> usage = usage(from);
                case "cost" -> cost = cost(from);
                case "fields" -> fields(from);
                case "answer" -> answer = from.getString().getBytes(StandardCharsets.UTF_8);
                case "answerBase64" -> answer = Base64.getDecoder().decode(from.getString());
                case "checksum" -> checksum = from.getString();
                default -> throw new IllegalArgumentException("an unknown member; it was written by another version");
            }
        }

        StoredEntry.Answer answer() {
            if (fingerprint == null || storedAt == null || answer == null || sample < 0) {
                throw new IllegalArgumentException("fingerprint, sample, storedAt or answer is missing");
            }
            CacheEntry entry = new CacheEntry(answer, truncated, usage, cost, model, namespace, storedAt, fields);
            if (!checksum(fingerprint, sample, entry).equals(checksum)) {
                throw new IllegalArgumentException("the checksum is wrong: the line was changed");
            }
            return new StoredEntry.Answer(fingerprint, sample, entry);
        }

        private static Usage usage(JsonParser from) {
            long[] counts = new long[7];
            while (from.nextToken() == JsonToken.PROPERTY_NAME) {
                int at = switch (from.currentName()) {
                    case "inputTokens" -> 0;
                    case "cachedInputTokens" -> 1;
                    case "cacheWriteTokens" -> 2;
                    case "longCacheWriteTokens" -> 3;
                    case "outputTokens" -> 4;
                    case "reasoningTokens" -> 5;
                    case "unknown" -> 6;
                    default -> throw new IllegalArgumentException("an unknown member in usage");
                };
                from.nextToken();
                counts[at] = from.getLongValue();
            }
            return new Usage(counts[0], counts[1], counts[2], counts[3], counts[4], counts[5], counts[6]);
        }

        private static Cost cost(JsonParser from) {
            BigDecimal usd = BigDecimal.ZERO;
            long unknown = 0;
            while (from.nextToken() == JsonToken.PROPERTY_NAME) {
                String name = from.currentName();
                from.nextToken();
                if (name.equals("usd")) {
                    usd = new BigDecimal(from.getString());
                } else {
                    unknown = from.getLongValue();
                }
            }
            return new Cost(usd, unknown);
        }

        private void fields(JsonParser from) {
            while (from.nextToken() == JsonToken.START_ARRAY) {
                String name = Objects.requireNonNullElse(from.nextStringValue(), "");
                String digest = Objects.requireNonNullElse(from.nextStringValue(), "");
                fields.add(new CallKey.FieldDigest(name, HexFormat.fromHexDigitsToLong(digest)));
                from.nextToken();
            }
        }
    }
}
