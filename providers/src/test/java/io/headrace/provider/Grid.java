package io.headrace.provider;

import io.headrace.model.ChatRequest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;

/** Requests that have been told one option of each axis, in combinations drawn by seed: every two options meet in at least one. */
public final class Grid {

    private static final int FEWEST = 600;

    private record Pair(int axis, int option, int otherAxis, int otherOption) {}

    private Grid() {}

    public static List<ChatRequest> of(String model, List<List<Consumer<ChatRequest.Builder>>> axes) {
        Random random = new Random(42);
        Set<Pair> met = new HashSet<>();
        List<ChatRequest> requests = new ArrayList<>();
        while (requests.size() < FEWEST || met.size() < pairs(axes)) {
            int[] chosen =
                    axes.stream().mapToInt(axis -> random.nextInt(axis.size())).toArray();
            ChatRequest.Builder request = ChatRequest.builder(model);
            for (int a = 0; a < chosen.length; a++) {
                axes.get(a).get(chosen[a]).accept(request);
                for (int b = 0; b < a; b++) {
                    met.add(new Pair(a, chosen[a], b, chosen[b]));
                }
            }
            requests.add(request.build());
        }
        return requests;
    }

    private static int pairs(List<List<Consumer<ChatRequest.Builder>>> axes) {
        int pairs = 0;
        for (int a = 0; a < axes.size(); a++) {
            for (int b = 0; b < a; b++) {
                pairs += axes.get(a).size() * axes.get(b).size();
            }
        }
        return pairs;
    }
}
