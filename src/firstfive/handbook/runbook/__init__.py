"""Runbooks: found on any team's pages, with their symptoms, their steps and the policy in their prose."""
