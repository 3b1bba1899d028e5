package io.headrace.batch;

import io.headrace.admission.Budget;
import io.headrace.admission.Budget.Balance.Account;
import java.math.BigDecimal;
import java.util.Collection;
import java.util.Comparator;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How much may still be submitted by the budgets that are in force: those of the rounds that go on, and of calls outside any round until the
 * next one ends. Each counts all that the queue may cost. Thread-safe, but for what looks at packs: that belongs to the queue's file thread.
 */
final class Caps {

    /** A round, which its calls find in their context. */
    static final class Round {

        private final Set<Budget> budgets = ConcurrentHashMap.newKeySet();
    }

    /** Of the tightest budget: what it leaves for packs that are not submitted yet; below zero where a cap was lowered. */
    record Room(BigDecimal cap, BigDecimal left) {

        boolean holds(Pack pack) {
            return pack.ceiling.isKnown() && pack.ceiling.usd().compareTo(left) <= 0;
        }

        Room without(BigDecimal usd) {
            return new Room(cap, left.subtract(usd));
        }
    }

    private final Round outside = new Round();
    private final Set<Round> rounds = ConcurrentHashMap.newKeySet();

    /** A round begins. */
    Round begin() {
        Round round = new Round();
        rounds.add(round);
        outside.budgets.removeIf(round.budgets::add);
        return round;
    }

    void end(Round round) {
        rounds.remove(round);
    }

    /** @param round in which {@code budget} is spent; null outside any */
    void told(Budget budget, @Nullable Round round) {
        (round == null ? outside : round).budgets.add(budget);
    }

    /** Whether the pack may be submitted beside what is out. */
    boolean admit(Pack pack, Collection<Pack> packs) {
        Room room = room(packs);
        return room == null || room.holds(pack);
    }

    /** Null where no cap is in force. */
    @Nullable
    Room room(Collection<Pack> packs) {
        BigDecimal waiting = packs.stream()
                .filter(pack -> !pack.isOut())
                .map(pack -> pack.ceiling.usd())
                .reduce(BigDecimal.ZERO, BigDecimal::add);
        return Stream.concat(Stream.of(outside), rounds.stream())
                .flatMap(round -> round.budgets.stream())
                .map(budget -> room(budget.balance().usd(), waiting))
                .flatMap(Stream::ofNullable)
                .min(Comparator.comparing(Room::left))
                .orElse(null);
    }

    /** What waits is owed too. */
    private static @Nullable Room room(Account account, BigDecimal waiting) {
        BigDecimal free = account.free();
        return free == null ? null : new Room(Objects.requireNonNull(account.cap()), free.add(waiting));
    }
}
