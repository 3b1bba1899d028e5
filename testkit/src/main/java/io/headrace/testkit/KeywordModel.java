package io.headrace.testkit;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The model that the simulator plays: it reads off the instructions what is asked and answers from the words of the text. The
 * same prompt always gets the same answer. Which task it recognizes is told at {@link SimulatedProvider}. Thread-safe.
 */
final class KeywordModel {

    private enum Task {
        CLASSIFY,
        TOPICS,
        SUMMARY,
        ANYTHING;

        /** The task whose sign stands first. */
        static Task of(String instructions) {
            Matcher sign = SIGN.matcher(instructions);
            if (!sign.find()) {
                return ANYTHING;
            }
            return switch (sign.group().toLowerCase(Locale.ROOT)) {
                case "classif" -> CLASSIFY;
                case "summar" -> SUMMARY;
                default -> TOPICS;
            };
        }
    }

    private record Instructions(Task task, Classifier classifier) {

        static Instructions of(String text) {
            return new Instructions(Task.of(text), Classifier.of(text));
        }
    }

    private record Count(String name, long count) {}

    private static final int TOPICS = 5;

    /** Instructions repeat; one that changes with every request is read anew each time. */
    private static final int REMEMBERED = 64;

    private static final Pattern SIGN = Pattern.compile("classif|topic|keyword|summar", Pattern.CASE_INSENSITIVE);

    private static final Pattern COUNT = Pattern.compile("\"?(\\p{L}[\\p{L} &/-]{0,40}?)\"?\\s*[:=]\\s*(\\d{1,15})\\b");

    private static final Set<String> TOTALS = Set.of("total", "documents", "items", "count", "all");

    private final ConcurrentMap<String, Instructions> remembered = new ConcurrentHashMap<>();

    /**
     * The answer.
     *
     * @param occurrence put at the end of the answer, inside the JSON where it is JSON; 0 for none
     */
    String answer(ChatBody prompt, int occurrence) {
        String text = prompt.userText();
        String order = prompt.instructions();
        if (order.isEmpty()) {
            int paragraph = text.indexOf("\n\n");
            order = text.substring(0, Math.max(paragraph, 0));
            text = text.substring(Math.max(paragraph, 0));
        }
        Instructions instructions = read(order);
        return switch (instructions.task()) {
            case TOPICS -> topics(text, occurrence);
            case CLASSIFY -> category(instructions.classifier().classify(text), occurrence);
            case SUMMARY -> withOccurrence(summary(text), occurrence);
            case ANYTHING -> withOccurrence("The text is about " + about(text) + ".", occurrence);
        };
    }

    private Instructions read(String order) {
        Instructions known = remembered.get(order);
        if (known != null) {
            return known;
        }
        Instructions read = Instructions.of(order);
        if (remembered.size() < REMEMBERED) {
            remembered.put(order, read);
        }
        return read;
    }

    private static String topics(String text, int occurrence) {
        byte[] json = Json.write(out -> {
            out.writeStartArray();
            Topics.of(text, TOPICS).forEach(out::writeString);
            if (occurrence > 0) {
                out.writeString("#" + occurrence);
            }
            out.writeEndArray();
        });
        return new String(json, StandardCharsets.UTF_8);
    }

    private static String category(Classifier.Verdict verdict, int occurrence) {
        byte[] json = Json.write(out -> {
            out.writeStartObject();
            out.writeStringProperty("category", verdict.category());
            out.writeNumberProperty("confidence", verdict.confidence());
            if (occurrence > 0) {
                out.writeNumberProperty("occurrence", occurrence);
            }
            out.writeEndObject();
        });
        return new String(json, StandardCharsets.UTF_8);
    }

    private static String withOccurrence(String prose, int occurrence) {
        return occurrence > 0 ? prose + " #" + occurrence : prose;
    }

    /** Prose from the counts in the text, "name: number" each; from its words where it holds no counts. */
    private static String summary(String text) {
        List<Count> counts = counts(text);
        long all = counts.stream().mapToLong(Count::count).sum();
        if (all == 0) {
            return "The text is about " + about(text) + ".";
        }
        StringBuilder prose = new StringBuilder("Of ").append(all).append(" documents, ");
        int named = Math.min(3, counts.size());
        for (int i = 0; i < named; i++) {
            Count count = counts.get(i);
            String joint = i == 0 ? "" : i == named - 1 ? " and " : ", ";
            prose.append(joint)
                    .append(count.count())
                    .append(i == 0 ? " are about " : " about ")
                    .append(count.name());
            prose.append(" (").append(Math.round(100.0 * count.count() / all)).append(" %)");
        }
        prose.append('.');
        long rest = counts.stream().skip(named).mapToLong(Count::count).sum();
        if (rest > 0) {
            prose.append(" The other categories hold ").append(rest).append('.');
        }
        String samples = COUNT.matcher(text).replaceAll(" ");
        return Words.of(samples).isEmpty()
                ? prose.toString()
                : prose + " Words that come up most in what was given: " + about(samples) + ".";
    }

    private static List<Count> counts(String text) {
        List<Count> counts = new ArrayList<>();
        Matcher matcher = COUNT.matcher(text);
        while (matcher.find()) {
            String name = matcher.group(1).strip();
            if (!TOTALS.contains(name.toLowerCase(Locale.ROOT))) {
                counts.add(new Count(name, Long.parseLong(matcher.group(2))));
            }
        }
        counts.sort(Comparator.comparingLong(Count::count).reversed());
        return counts;
    }

    private static String about(String text) {
        List<String> topics = Topics.of(text, TOPICS);
        if (topics.isEmpty()) {
            return "nothing in particular";
        }
        int last = topics.size() - 1;
        return last == 0 ? topics.get(0) : String.join(", ", topics.subList(0, last)) + " and " + topics.get(last);
    }
}
