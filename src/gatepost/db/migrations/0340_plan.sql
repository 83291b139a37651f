-- A tenant may come onto another plan; its name and its age stay what they are.
grant update (plan) on tenant to gatepost_app;
