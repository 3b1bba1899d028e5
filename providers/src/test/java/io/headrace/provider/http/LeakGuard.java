package io.headrace.provider.http;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a class of tests in which Netty's leak detector found a buffer that nobody gave back: by itself it only logs. JUnit finds it by
 * {@code META-INF/services}, so it is round every class of this module. The detector watches every buffer and tells who took it; at the
 * level paranoid, which makes these tests take half as long again, it also tells who touched it last.
 */
public final class LeakGuard implements BeforeAllCallback, AfterAllCallback {

    private static final Queue<String> FOUND = new ConcurrentLinkedQueue<>();

    @Override
    public void beforeAll(ExtensionContext tests) {
        ByteBufUtil.setLeakListener((type, records) -> FOUND.add(type + "\n" + records));
    }

    @Override
    public void afterAll(ExtensionContext tests) {
        if (tests.getParent()
                .filter(parent -> parent.getTestClass().isPresent())
                .isPresent()) {
            return; // one for nested classes and the one round them
        }
        collect();
        String first = takeFound();
        if (!first.isEmpty()) {
            throw new AssertionError("a buffer was not given back, in this class of tests or one before it: " + first);
        }
    }

    /** What was found since it was asked last, the first of it; empty for nothing. */
    static String takeFound() {
        String first = FOUND.poll();
        FOUND.clear();
        return first == null ? "" : first;
    }

    /**
     * Has the detector see what is garbage by now. A thread of the JVM tells it, a while after the collection: all of the first round is
     * told when garbage of the second is.
     */
    static void collect() {
        for (int round = 0; round < 2; round++) {
            ReferenceQueue<Object> told = new ReferenceQueue<>();
            Reference<Object> garbage = new PhantomReference<>(new Object(), told);
            System.gc();
            for (int wait = 0; told.poll() == null && wait < 10_000; wait++) {
                LockSupport.parkNanos(1_000_000);
            }
            Reference.reachabilityFence(garbage);
            for (int i = 0; i < 200; i++) { // it reports when a further buffer is made
                ByteBufAllocator.DEFAULT.buffer(64).release();
            }
        }
    }
}
