package io.headrace.examples;

import io.headrace.Cost;
import io.headrace.Item;
import io.headrace.Outcome;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** What became of each document at one model. */
record ModelAnswers(String model, List<Outcome<String>> outcomes) {

    /** A line for each model. */
    static List<String> compare(List<ModelAnswers> models) {
        ModelAnswers first = models.get(0);
        return models.stream().map(each -> each.comparedWith(first)).toList();
    }

    private String comparedWith(ModelAnswers first) {
        Set<Item<?>> those = first.answers();
        long same = answers().stream().filter(those::contains).count();
        Cost cost = outcomes.stream().map(outcome -> outcome.tally().cost()).reduce(Cost.ZERO, Cost::plus);
        return "%s: as %s for %d of %d, %s USD".formatted(model, first.model, same, outcomes.size(), cost.usd());
    }

    /** Items are equal that have the same id and the same answer. */
    private Set<Item<?>> answers() {
        return outcomes.stream()
                .filter(Outcome.Ok.class::isInstance)
                .map(Outcome::item)
                .collect(Collectors.toSet());
    }
}
