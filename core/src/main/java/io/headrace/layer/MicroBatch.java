package io.headrace.layer;

import io.headrace.CallOptions;
import io.headrace.FatalErrorHandler;
import io.headrace.Priority;
import io.headrace.WorkSlot;
import io.headrace.layer.BatchRequest.Element;
import io.headrace.layer.MicroBatchMember.Caller;
import io.headrace.model.DeltaSink;
import io.headrace.observe.AttemptNumber;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.util.context.Context;

/** Requests that go together: first it fills, then its elements and their order are fixed and it leaves. Guarded by the batcher's lock. */
final class MicroBatch<Q, R> {

    private final Object group;
    private final List<MicroBatchMember<Q, R>> members = new ArrayList<>();
    private final Map<MicroBatchMember.Key, MicroBatchMember<Q, R>> byKey = new HashMap<>();
    private long weight;
    private @Nullable Disposable clock;

    // from when it leaves
    private Map<String, MicroBatchMember<Q, R>> byId = Map.of();

    MicroBatch(Object group) {
        this.group = group;
    }

    Object group() {
        return group;
    }

    int size() {
        return members.size();
    }

    long weight() {
        return weight;
    }

    /** An equal request that is in it already. */
    @Nullable
    MicroBatchMember<Q, R> like(MicroBatchMember<Q, R> member) {
        return member.key() == null ? null : byKey.get(member.key());
    }

    void add(MicroBatchMember<Q, R> member) {
        members.add(member);
        weight += member.weight();
        if (member.key() != null) {
            byKey.put(member.key(), member);
        }
    }

    /** A caller has gone. True if it was the last. */
    boolean remove(MicroBatchMember<Q, R> member, Caller<R> caller) {
        if (!member.callers().remove(caller)) {
            return false;
        }
        if (member.callers().isEmpty()) {
            members.remove(member);
            weight -= member.weight();
            if (member.key() != null) {
                byKey.remove(member.key());
            }
        }
        return members.isEmpty();
    }

    /** All callers, who have their answer from now on. */
    List<Caller<R>> takeAll() {
        List<Caller<R>> all = callers();
        members.clear();
        byKey.clear();
        return all;
    }

    private List<Caller<R>> callers() {
        return members.stream().flatMap(member -> member.callers().stream()).toList();
    }

    /** Until it leaves, it has a clock. */
    void clock(@Nullable Disposable clock) {
        this.clock = clock;
    }

    void stopClock() {
        if (clock != null) {
            clock.dispose();
            clock = null;
        }
    }

    /** It leaves: its elements are fixed, in their order. */
    List<Element<Q>> leave() {
        members.sort(MicroBatchMember.order());
        Map<String, MicroBatchMember<Q, R>> named = new LinkedHashMap<>();
        Map<String, Integer> used = new HashMap<>();
        for (MicroBatchMember<Q, R> member : members) {
            named.put(newId(member.first().options().item(), named, used), member);
        }
        byId = named;
        return named.entrySet().stream()
                .map(entry -> new Element<>(entry.getKey(), entry.getValue().request()))
                .toList();
    }

    private static String newId(String item, Map<String, ?> named, Map<String, Integer> used) {
        String base = item.isEmpty() ? "call" : item;
        String id;
        do {
            int number = Objects.requireNonNull(used.merge(base, 1, Integer::sum));
            id = number == 1 ? base : base + "#" + number;
        } while (named.containsKey(id));
        return id;
    }

    /** Those of {@code elements} that somebody still waits for. */
    List<Element<Q>> wanted(List<Element<Q>> elements) {
        return elements.stream()
                .filter(element -> !member(element.id()).callers().isEmpty())
                .toList();
    }

    /** The callers of an element, who get their answer now. */
    List<Caller<R>> take(String id) {
        MicroBatchMember<Q, R> member = member(id);
        List<Caller<R>> callers = List.copyOf(member.callers());
        callers.forEach(caller -> remove(member, caller));
        return callers;
    }

    private MicroBatchMember<Q, R> member(String id) {
        return Objects.requireNonNull(byId.get(id));
    }

    /**
     * The context of the batch's own call: that of the caller who comes first, with the highest priority of all; it fails fast only
     * if all would.
     */
    Context context() {
        List<Caller<R>> callers = callers();
        CallOptions leader = members.get(0).first().options();
        Priority priority = callers.stream()
                .map(caller -> caller.options().priority())
                .min(Comparator.naturalOrder())
                .orElseThrow();
        CallOptions options = leader.withPriority(priority)
                .withFailFast(
                        callers.stream().allMatch(caller -> caller.options().failFast()));
        List<WorkSlot> slots = callers.stream()
                .map(caller -> WorkSlot.from(caller.context()))
                .distinct()
                .toList();
        Context context = Context.of(members.get(0).first().context());
        context = FatalErrorHandler.NONE.into(context);
        context = new MicroBatchSlot(slots, members.size()).into(context, options);
        return FallbackLayer.asPartOfCall(context.delete(DeltaSink.class).delete(AttemptNumber.class));
    }
}
