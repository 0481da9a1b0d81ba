//! The kinds of actor. Each looks, plans, commits and carries out; the decisions are in the domain.
