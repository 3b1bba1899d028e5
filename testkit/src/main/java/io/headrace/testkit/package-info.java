/**
 * What tests and demos of LLM pipelines need: {@link io.headrace.testkit.SimulatedProvider} is a loopback HTTP server that
 * speaks the providers' wire, {@link io.headrace.testkit.ScriptedCall} a call that plays a script, and the contract suites
 * check extensions. Nothing here knows a real provider, a run or the HTTP client.
 */
@NullMarked
package io.headrace.testkit;

import org.jspecify.annotations.NullMarked;
