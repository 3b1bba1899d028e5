package io.headrace.cache;

import java.util.ArrayList;
import java.util.List;

/** Compares digests of fields. */
final class FieldDigests {

    private FieldDigests() {}

    /** Whether the field of that name has that text. */
    static boolean has(List<CallKey.FieldDigest> fields, String name, String text) {
        for (CallKey.FieldDigest field : fields) {
            if (field.field().equals(name)) {
                return field.digest() == digest(text);
            }
        }
        return false;
    }

    /** How two requests differ, by the names of their fields. */
    static List<WhyMiss.Difference> between(List<CallKey.FieldDigest> asked, List<CallKey.FieldDigest> stored) {
        List<WhyMiss.Difference> differences = new ArrayList<>();
        int a = 0;
        int b = 0;
        while (a < asked.size() || b < stored.size()) {
            int order = a == asked.size()
                    ? 1
                    : b == stored.size()
                            ? -1
                            : asked.get(a).field().compareTo(stored.get(b).field());
            if (order < 0) {
                differences.add(new WhyMiss.Difference(asked.get(a++).field(), WhyMiss.Kind.ADDED));
            } else if (order > 0) {
                differences.add(new WhyMiss.Difference(stored.get(b++).field(), WhyMiss.Kind.MISSING));
            } else if (asked.get(a).digest() != stored.get(b).digest()) {
                differences.add(new WhyMiss.Difference(asked.get(a).field(), WhyMiss.Kind.CHANGED));
                a++;
                b++;
            } else {
                a++;
                b++;
            }
        }
        return differences;
    }

    private static long digest(String text) {
        // by the value alone: the name of a field is no part of its digest
        return CallKeyBuilder.of(text, "").build().fields().stream()
                .filter(field -> field.field().equals("provider"))
                .findFirst()
                .orElseThrow()
                .digest();
    }
}
