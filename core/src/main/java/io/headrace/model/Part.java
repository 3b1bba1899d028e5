package io.headrace.model;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A piece of a message or of an answer. */
public sealed interface Part {

    /** Plain text. */
    record Text(String text) implements Part {

        public Text {
            Objects.requireNonNull(text, "text");
        }

        @Override
        public String toString() {
            return "Text[" + text.length() + " characters]";
        }
    }

    /**
     * An image to look at.
     *
     * @param detail how closely, in the provider's words such as {@code low}; null for the provider's default
     */
    record Image(Media source, @Nullable String detail) implements Part {

        public Image {
            Objects.requireNonNull(source, "source");
        }

        public Image(Media source) {
            this(source, null);
        }
    }

    /**
     * A document to read, such as a PDF.
     *
     * @param name the file name or title that the model sees; null for none
     */
    record Document(Media source, @Nullable String name) implements Part {

        public Document {
            Objects.requireNonNull(source, "source");
        }

        public Document(Media source) {
            this(source, null);
        }

        /** Names tell what is asked. */
        @Override
        public String toString() {
            return "Document[" + source + "]";
        }
    }

    /**
     * What the model thought before it answered, as far as the provider shows it. Sent back with the rest of an answer it lets
     * the model go on where it was; an encoder whose provider has no place for it leaves it out.
     *
     * @param id the provider's id of it, empty if it has none
     * @param text the thoughts or their summary, empty if they are not shown
     * @param signature the provider's proof that the text is the model's, empty if there is none
     * @param encrypted thoughts that only the provider can read, empty if there are none
     */
    record Reasoning(String id, String text, String signature, String encrypted) implements Part {

        public Reasoning {
            Objects.requireNonNull(id, "id");
            Objects.requireNonNull(text, "text");
            Objects.requireNonNull(signature, "signature");
            Objects.requireNonNull(encrypted, "encrypted");
        }

        public Reasoning(String text) {
            this("", text, "", "");
        }

        /** Whether more of the same may follow: nothing does after a signature, after encrypted thoughts, or under another id. */
        boolean goesOnWith(String nextId) {
            return signature.isEmpty()
                    && encrypted.isEmpty()
                    && (id.isEmpty() || nextId.isEmpty() || id.equals(nextId));
        }

        @Override
        public String toString() {
            return "Reasoning[" + text.length() + " characters]";
        }
    }

    /** The model's words when it declined; empty if it gave none. */
    record Refusal(String text) implements Part {

        public Refusal {
            Objects.requireNonNull(text, "text");
        }

        @Override
        public String toString() {
            return "Refusal[" + text.length() + " characters]";
        }
    }

    /**
     * The model wants a tool called.
     *
     * @param id by which the {@link ToolResult} refers to it
     * @param name the {@link Tool}'s name
     * @param arguments JSON as the model wrote it, an object if all is well; it may be cut off or wrong
     */
    record ToolCall(String id, String name, String arguments) implements Part {

        public ToolCall {
            Objects.requireNonNull(id, "id");
            Objects.requireNonNull(name, "name");
            Objects.requireNonNull(arguments, "arguments");
        }

        @Override
        public String toString() {
            return "ToolCall[" + id + ", " + name + ", " + arguments.length() + " characters]";
        }
    }

    /**
     * What a tool gave.
     *
     * @param callId the {@link ToolCall#id} that it answers
     * @param content texts, images and documents; may be empty
     * @param failed whether the tool failed; a provider that cannot be told so gets the content only
     */
    record ToolResult(String callId, List<Part> content, boolean failed) implements Part {

        /**
         * @throws IllegalArgumentException for content of another kind
         */
        public ToolResult {
            Objects.requireNonNull(callId, "callId");
            content = List.copyOf(content);
            for (Part part : content) {
                if (!(part instanceof Text || part instanceof Image || part instanceof Document)) {
                    throw new IllegalArgumentException("a tool gives texts, images and documents, no "
                            + part.getClass().getSimpleName());
                }
            }
        }

        public ToolResult(String callId, String text) {
            this(callId, List.of(new Text(text)), false);
        }

        /** The text parts, joined. */
        public String text() {
            return Message.text(content);
        }
    }

    /**
     * Asks the provider to keep the prompt up to here in its prompt cache, where it has one to be asked. Changes nothing
     * about the answer and is no part of the fingerprint.
     *
     * @param keep how long; the provider takes it if it has just that
     */
    record CachePoint(Duration keep) implements Part {

        /** Five minutes, what Anthropic has for the least. */
        public static final CachePoint SHORT = new CachePoint(Duration.ofMinutes(5));

        /** An hour. */
        public static final CachePoint LONG = new CachePoint(Duration.ofHours(1));

        /**
         * @throws IllegalArgumentException unless {@code keep} is positive
         */
        public CachePoint {
            if (keep.isNegative() || keep.isZero()) {
                throw new IllegalArgumentException("a cache point must keep for some time, not " + keep);
            }
        }
    }
}
