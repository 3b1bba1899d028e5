package io.headrace.testkit;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Picks one of a fixed list of categories for a text, by lexicons. Immutable. */
final class Classifier {

    /**
     * @param confidence 0 to 1, two digits: the share of the category in all words that speak for any
     */
    record Verdict(String category, double confidence) {}

    private static final Set<String> CATCH_ALL = Set.of(
            "other",
            "others",
            "general",
            "misc",
            "miscellaneous",
            "none",
            "unknown",
            "none of these",
            "none of the above");

    private static final int LONGEST_NAME = 60;

    private final List<String> categories;
    private final Map<String, List<Integer>> votes = new HashMap<>();
    private final int fallback;

    private Classifier(List<String> categories) {
        this.categories = categories;
        int last = categories.size() - 1;
        int other = last;
        while (other >= 0 && !CATCH_ALL.contains(categories.get(other).toLowerCase(Locale.ROOT))) {
            other--;
        }
        this.fallback = other >= 0 ? other : last;
        for (int i = 0; i < categories.size(); i++) {
            if (i != other) {
                for (String word : Lexicons.wordsFor(categories.get(i))) {
                    votes.computeIfAbsent(word, key -> new ArrayList<>()).add(i);
                }
            }
        }
    }

    /** A classifier for the categories that {@code instructions} list, else for all that the simulator knows. */
    static Classifier of(String instructions) {
        List<String> listed = listedCategories(instructions);
        return new Classifier(
                listed.size() >= 2
                        ? listed
                        : Lexicons.ALL.stream().map(Lexicons.Lexicon::name).toList());
    }

    static Classifier ofCategories(List<String> categories) {
        return new Classifier(categories);
    }

    Verdict classify(String text) {
        int[] scores = new int[categories.size()];
        int all = 0;
        for (String word : Words.of(text)) {
            for (int category : votes.getOrDefault(word, List.of())) {
                scores[category]++;
                all++;
            }
        }
        int best = fallback;
        for (int i = 0; i < scores.length; i++) {
            if (scores[i] > scores[best] || (scores[i] == scores[best] && scores[i] > 0 && i < best)) {
                best = i;
            }
        }
        // a little is kept back for what was not said: one word alone is no certainty
        double confidence = (scores[best] + 0.1) / (all + 0.5);
        return new Verdict(categories.get(best), Math.round(confidence * 100) / 100.0);
    }

    /** The list after the first colon: up to the end of the sentence, or the lines of a bulleted list. */
    static List<String> listedCategories(String instructions) {
        int verb = instructions.toLowerCase(Locale.ROOT).indexOf("classif");
        int colon = instructions.indexOf(':', Math.max(verb, 0));
        if (colon < 0) {
            return List.of();
        }
        String rest = instructions.substring(colon + 1).strip();
        List<String> categories = new ArrayList<>();
        if (rest.startsWith("-") || rest.startsWith("*")) {
            for (String line : rest.lines().toList()) {
                String bullet = line.strip();
                if (!bullet.startsWith("-") && !bullet.startsWith("*")) {
                    break;
                }
                add(categories, bullet.substring(1));
            }
            return categories;
        }
        String list = rest.split("[.;](\\s|$)|\\n", 2)[0];
        for (String name : list.split(",|\\bor\\b|\\|", -1)) {
            add(categories, name);
        }
        return categories;
    }

    private static void add(List<String> categories, String raw) {
        String name = raw.replaceAll("[\\[\\]\"'`.]", "").strip();
        if (!name.isEmpty() && name.length() <= LONGEST_NAME && !categories.contains(name)) {
            categories.add(name);
        }
    }
}
