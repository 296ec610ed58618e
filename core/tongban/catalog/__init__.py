"""The catalog (事项清单): departments, items by version and date, materials."""
